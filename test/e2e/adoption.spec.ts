/** Machines that this state folder knows nothing of: somebody else's, our own of before, and those of an older set-up. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { atEnd, endEverything } from '../support/endings.js';
import { linkSecret, TestBed } from '../support/test-bed.js';

jest.setTimeout(60_000);
afterEach(endEverything);

describe('a gateway that has lost its state', () => {
  /** The calls that change anything. */
  const changes = (bed: TestBed): string[] =>
    bed.cloud.calls().flatMap((call) => (call.method === 'GET' ? [] : [call.path]));

  /** A machine of ours, and a folder of a gateway that does not know of it. */
  async function amnesia(): Promise<{ bed: TestBed; owner: string; env: Record<string, string> }> {
    const bed = await TestBed.start({ env: { GATEWAY_LINK_SECRET: linkSecret(1) } });
    await bed.ready();
    const { owner } = await bed.gateway.status();
    await bed.gateway.kill('SIGKILL');
    const dir = mkdtempSync(join(tmpdir(), 'gateway-amnesia-'));
    atEnd(() => rmSync(dir, { recursive: true }));
    return { bed, owner: String(owner), env: { GATEWAY_STATE_DIR: dir } };
  }

  it('finds its machine as somebody else’s, touches nothing, and says how to take it over', async () => {
    const { bed, owner, env } = await amnesia();
    const id = bed.instanceId;
    const before = changes(bed);
    await bed.startGateway(env);
    const found = await bed.gateway.until('the foreign machine', ({ code }) => code === 'pool_in_use');
    expect(found.error).toContain(id);
    expect(found.error).toContain(`GATEWAY_ADOPT_OWNER=${owner}`);
    const reply = await bed.ollama.generate();
    expect([reply.status, reply.headers['x-gateway-error']]).toEqual([503, 'pool_in_use']);
    expect(reply.json()).toMatchObject({ provisioning: false, error: found.error });
    await bed.gateway.untilPhase('failed');
    expect(changes(bed)).toEqual(before);
    expect(bed.cloud.instances()).toMatchObject([{ id, state: 'running', labels: { owner } }]);
  });

  it('takes it over where GATEWAY_ADOPT_OWNER says so', async () => {
    const { bed, owner, env } = await amnesia();
    const id = bed.instanceId;
    await bed.startGateway({ ...env, GATEWAY_ADOPT_OWNER: owner });
    const { owner: heir } = await bed.gateway.untilPhase('ready');
    expect(heir).not.toBe(owner);
    expect(bed.cloud.instances()).toMatchObject([{ id, state: 'running', labels: { owner: heir } }]);
    expect((await bed.ollama.generate()).status).toBe(200);
    expect(bed.cloud.countCalls('create-instance')).toBe(1);
  });

  it('knows it at once where GATEWAY_OWNER is its own of before', async () => {
    const { bed, owner, env } = await amnesia();
    await bed.startGateway({ ...env, GATEWAY_OWNER: owner });
    expect((await bed.answered()).status).toBe(200);
    expect(bed.cloud.countCalls('create-instance')).toBe(1);
    expect(bed.cloud.countCalls('update-instance')).toBe(0);
  });
});

describe('EXOSCALE_ADOPT_NAME', () => {
  const env = { EXOSCALE_ADOPT_NAME: 'my-old-ollama' };

  it.each(['stopped', 'running'] as const)(
    'adopts a %s instance of an older set-up and serves from it',
    async (state) => {
      const bed = await TestBed.prepare({ env, link: 'plain' });
      const id = await bed.cloud.addInstance({
        name: 'my-old-ollama',
        type: 'gpua5000.small',
        state,
        labels: { mine: '1' },
      });
      await bed.startGateway();
      expect((await bed.answered()).status).toBe(200);
      expect(await bed.gateway.status()).toMatchObject({ instance_id: id });
      expect(bed.cloud.countCalls('create-instance')).toBe(0);
      const { owner } = await bed.gateway.status();
      expect(bed.cloud.instances()).toMatchObject([{ id, labels: { mine: '1', owner, pool: 'default' } }]);
    },
  );

  it('adopts nothing where the name is not unique, and says so', async () => {
    const bed = await TestBed.prepare({ env, link: 'plain' });
    for (let count = 0; count < 2; count += 1) await bed.cloud.addInstance({ name: 'my-old-ollama' });
    await bed.startGateway();
    await bed.gateway.until('the failure', ({ code }) => code === 'adopt_ambiguous');
    expect((await bed.ollama.generate()).json()).toMatchObject({ provisioning: false, code: 'adopt_ambiguous' });
    expect(bed.cloud.countCalls('create-instance')).toBe(0);
  });
});

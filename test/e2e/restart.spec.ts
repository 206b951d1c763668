/** The gateway dies (SIGKILL) and comes back: with the same machine, none added, and without anybody asking again. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { atEnd, endEverything } from '../support/endings.js';
import { eventually } from '../support/eventually.js';
import { TestBed } from '../support/test-bed.js';

jest.setTimeout(60_000);
afterEach(endEverything);

/** Slow enough to be killed in every phase. */
const SLOW = { operationMs: 400, machines: { bootMs: 400, pullMs: 400 } };

/** Kills the gateway as soon as it says that it is in this phase. */
async function dieIn(bed: TestBed, phase: string): Promise<void> {
  const { gateway } = bed;
  const said = (): boolean => gateway.log.some((line) => line.to === phase);
  await eventually(`the gateway says that it is ${phase}`, said, { explain: () => gateway.describe() });
  await gateway.kill('SIGKILL');
}

describe('a gateway that is killed', () => {
  it.each(['creating', 'starting', 'booting', 'loading', 'ready'])(
    'while its machine is %s goes on with it, without a new request',
    async (phase) => {
      const bed = await TestBed.start(SLOW);
      await bed.ollama.generate();
      await dieIn(bed, phase);
      const before = bed.cloud.instances().map(({ id }) => id);
      await bed.startGateway();
      expect(await bed.gateway.untilPhase('ready')).toMatchObject({ instance_id: bed.instanceId });
      if (before.length > 0) expect(before).toEqual([bed.instanceId]);
      expect(bed.cloud.countCalls('create-instance')).toBe(1);
      expect(bed.cloud.maxConcurrentBilled()).toBe(1);
      expect((await bed.ollama.generate()).status).toBe(200);
    },
  );

  it.each([
    ['draining', 'stop', 'stopped'],
    ['stopping', 'stop', 'stopped'],
    ['deleting', 'destroy', 'absent'],
  ])('while its machine is %s puts it away all the same', async (phase, action, end) => {
    const users = { GATEWAY_UNCLAIMED_SECONDS: '1', GATEWAY_IDLE_ACTION: action };
    const bed = await TestBed.start({ ...SLOW, env: users });
    await bed.ready();
    await dieIn(bed, phase);
    await bed.startGateway();
    await bed.gateway.untilPhase(end);
    expect(bed.cloud.instances().map(({ state }) => state)).toEqual(end === 'stopped' ? ['stopped'] : []);
    expect(bed.cloud.countCalls('create-instance')).toBe(1);
    expect(bed.cloud.maxConcurrentBilled()).toBe(1);
  });

  it.each(['create-instance', 'start-instance'])(
    'in the middle of a %s whose answer it has not heard finds out what became of it',
    async (operation) => {
      const bed = await TestBed.start();
      bed.cloud.fault({ operation, times: 1, kind: 'hang-after' });
      await bed.ollama.generate();
      await eventually('the call has arrived', () => bed.cloud.countCalls(operation) === 1);
      await bed.restartGateway('SIGKILL');
      await bed.gateway.untilPhase('ready');
      expect(bed.cloud.countCalls(operation)).toBe(1);
      expect(bed.cloud.instances()).toHaveLength(1);
    },
  );

  it('while a request has come during the stop starts the machine again when it has stopped', async () => {
    const bed = await TestBed.start({ ...SLOW, env: { GATEWAY_UNCLAIMED_SECONDS: '1' } });
    await bed.ready();
    await bed.gateway.untilPhase('stopping');
    await bed.ollama.generate();
    await bed.restartGateway('SIGKILL');
    await bed.gateway.untilPhase('ready');
    expect(bed.cloud.countCalls('start-instance')).toBe(2);
    expect(bed.cloud.countCalls('create-instance')).toBe(1);
  });

  it('again and again, at any moment, has one machine in the end', async () => {
    // At this scale a wish is remembered for a minute: longer than the deaths take.
    const bed = await TestBed.start({ ...SLOW, env: { GATEWAY_TIME_SCALE: '10' } });
    await bed.ollama.generate();
    for (let count = 0; count < 5; count += 1) await bed.restartGateway('SIGKILL');
    await bed.gateway.untilPhase('ready');
    expect(bed.cloud.countCalls('create-instance')).toBe(1);
    expect(bed.cloud.maxConcurrentBilled()).toBe(1);
  });
});

describe('a gateway that has lost its state', () => {
  /** The calls that change anything. */
  const changes = (bed: TestBed): string[] =>
    bed.cloud.calls().flatMap((call) => (call.method === 'GET' ? [] : [call.path]));

  /** A machine of ours, and a folder of a gateway that does not know of it. */
  async function amnesia(): Promise<{ bed: TestBed; owner: string; env: Record<string, string> }> {
    const bed = await TestBed.start();
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
      const bed = await TestBed.prepare({ env });
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
    const bed = await TestBed.prepare({ env });
    for (let count = 0; count < 2; count += 1) await bed.cloud.addInstance({ name: 'my-old-ollama' });
    await bed.startGateway();
    await bed.gateway.until('the failure', ({ code }) => code === 'adopt_ambiguous');
    expect((await bed.ollama.generate()).json()).toMatchObject({ provisioning: false, code: 'adopt_ambiguous' });
    expect(bed.cloud.countCalls('create-instance')).toBe(0);
  });
});

/** Keys that are shared, lost, rotated or forged: which machines go on serving, and which are replaced and why. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { renderUserData } from '../../src/modules/exoscale/user-data/render-user-data.js';
import { MtlsLink } from '../../src/modules/link/mtls-link.js';
import { atEnd, endEverything } from '../support/endings.js';
import { eventually } from '../support/eventually.js';
import { MODEL } from '../support/ollama-client.js';
import { linkSecret, TestBed, type TestBedOptions } from '../support/test-bed.js';

jest.setTimeout(60_000);
afterEach(endEverything);

const OWNER = 'owner-of-this-suite';
const [OLD, NEW] = [linkSecret(1), linkSecret(2)];

/** An owner and a secret that come from the environment, as with several replicas or a state folder that may be lost. */
function start(secret: string, options: TestBedOptions = {}): Promise<TestBed> {
  const env = { GATEWAY_OWNER: OWNER, GATEWAY_LINK_SECRET: secret, ...options.env };
  return TestBed.start({ ...options, env });
}

function emptyFolder(): string {
  const dir = mkdtempSync(join(tmpdir(), 'gateway-link-'));
  atEnd(() => rmSync(dir, { recursive: true }));
  return dir;
}

const labels = (bed: TestBed) => bed.cloud.instances().map((one) => one.labels['link-epoch']);

describe('a gateway whose state folder was lost', () => {
  it('with the same GATEWAY_LINK_SECRET reaches its machine: the keys are the same', async () => {
    const bed = await start(OLD);
    await bed.ready();
    const id = bed.instanceId;
    await bed.gateway.kill('SIGKILL');
    await bed.startGateway({ GATEWAY_STATE_DIR: emptyFolder() });
    expect((await bed.answered()).status).toBe(200);
    expect(bed.instanceId).toBe(id);
    expect(bed.cloud.countCalls('create-instance')).toBe(1);
  });

  it('and its secret with it says that it cannot speak to the machine, and replaces it', async () => {
    const bed = await start(OLD, { operationMs: 200 });
    await bed.ready();
    const id = bed.instanceId;
    await bed.gateway.kill('SIGKILL');
    const before = bed.machines.requests().length;
    await bed.startGateway({ GATEWAY_STATE_DIR: emptyFolder(), GATEWAY_LINK_SECRET: NEW });
    await bed.ollama.generate();
    const found = await bed.gateway.until('the refusal', ({ code }) => code === 'link_mismatch');
    expect(found.error).toMatch(/other link keys/);
    expect(bed.machines.requests()).toHaveLength(before);
    expect((await bed.answered()).status).toBe(200);
    expect(bed.instanceId).not.toBe(id);
    expect(bed.cloud.maxConcurrentBilled()).toBe(1);
  });
});

describe('a rotation of GATEWAY_LINK_SECRET', () => {
  const idle = { EXOSCALE_IDLE_TIMEOUT: '2' };

  it('leaves the running machine in service until it is idle, and makes the next one with the new secret', async () => {
    const bed = await start(OLD, { env: { GATEWAY_DRAIN_SECONDS: '0' } });
    await bed.ready();
    const id = bed.instanceId;
    bed.machines.behaviour.tokens = Infinity;
    const open = bed.ollama.generate();
    await eventually('the stream is open', () => bed.machines.openStreams() === 1);
    // The restart ends what is open; the machine itself goes on.
    await Promise.all([
      expect(open).rejects.toThrow('aborted'),
      bed.restartGateway('SIGTERM', { ...idle, GATEWAY_LINK_SECRET: `2:${NEW},1:${OLD}` }),
    ]);
    bed.machines.behaviour.tokens = 1;
    expect((await bed.answered()).status).toBe(200);
    expect(await bed.gateway.status()).toMatchObject({ instance_id: id, outdated: true });
    expect(labels(bed)).toEqual(['1']);
    await bed.gateway.untilPhase('absent');
    await bed.gateway.wentThrough('draining', 'deleting', 'absent');
    expect((await bed.answered()).status).toBe(200);
    expect([labels(bed), bed.instanceId === id]).toEqual([['2'], false]);
    expect(await bed.gateway.status()).not.toHaveProperty('outdated');

    await bed.restartGateway('SIGTERM', { GATEWAY_LINK_SECRET: `2:${NEW}` });
    expect((await bed.answered()).status).toBe(200);
    expect(bed.cloud.countCalls('create-instance')).toBe(2);
  });

  it('whose old secret is dropped too early replaces the machine, and says why', async () => {
    const bed = await start(OLD, { operationMs: 200 });
    await bed.ready();
    const id = bed.instanceId;
    await bed.restartGateway('SIGTERM', { GATEWAY_LINK_SECRET: `2:${NEW}` });
    await bed.ollama.generate();
    await bed.gateway.until('the mismatch', ({ code }) => code === 'link_mismatch');
    expect((await bed.answered()).status).toBe(200);
    expect([labels(bed), bed.instanceId === id]).toEqual([['2'], false]);
  });
});

describe('a machine of an older release, without keys', () => {
  it.each([
    ['that wrote down no epoch', {}],
    ['that wrote down the plain link', { 'link-epoch': '0' }],
  ])('%s is replaced, and no request is ever sent to it', async (_what, epoch) => {
    const bed = await TestBed.prepare({ env: { GATEWAY_OWNER: OWNER, GATEWAY_LINK_SECRET: NEW } });
    const ours = { 'managed-by': 'ollama-exoscale', pool: 'default', owner: OWNER };
    const labelled = { ...ours, 'launch-id': 'of-before', fingerprint: 'f-of-before', ...epoch };
    const old = await bed.cloud.addInstance({ type: 'gpua5000.small', state: 'running', labels: labelled });
    await bed.startGateway();
    expect((await bed.answered()).status).toBe(200);
    expect(bed.cloud.instances().map(({ id }) => id)).not.toContain(old);
    expect(labels(bed)).toEqual(['1']);
    expect(bed.machines.usesOf(old)).toBe(0);
    expect(bed.cloud.maxConcurrentBilled()).toBe(1);
  });
});

describe('a machine that comes up with the keys of', () => {
  const LAUNCH = { launchId: 'somebody-else', gpu: true, image: 'ollama/ollama:0', ollamaEnv: {}, idleTimeoutSec: 60 };
  /** User-data of a machine of the pool `default`. */
  const userDataOf = async (byte: number): Promise<string> => {
    const link = await MtlsLink.create('default', 'boot', [{ epoch: 1, secret: Buffer.alloc(32, byte) }]);
    const end = await link.machineEnd(LAUNCH.launchId);
    return renderUserData({ ...LAUNCH, linkPort: 8443, link: end });
  };

  it.each([
    ['another machine of this pool', 1],
    ['another authority', 9],
  ])('%s is taken for an impostor: it hears nothing, and is replaced', async (_whose, byte) => {
    const bed = await start(OLD, { operationMs: 200 });
    await bed.ready();
    const id = bed.instanceId;
    await bed.machines.crashNow(id);
    bed.machines.forgeKeys(id, await userDataOf(byte));
    const before = bed.machines.requests().length;
    bed.machines.recover(id);
    await bed.gateway.until('the refusal', ({ code }) => code === 'link_mismatch');
    expect(bed.machines.requests()).toHaveLength(before);
    const reply = await bed.answered(() => bed.ollama.generate({ model: MODEL }));
    expect(reply.status).toBe(200);
    expect(bed.instanceId).not.toBe(id);
  });
});

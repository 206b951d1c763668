/** Machines that were made with other link keys: of an older release, of a secret that was lost, of an epoch taken out. */
import { describe, expect, it } from '@jest/globals';
import { lifecycleSuite, MIN } from '../../../test/support/lifecycle-suite.js';
import { World } from '../../../test/support/pool-harness.js';

const { begin, another } = lifecycleSuite();
const OWNER = 'owner-of-this-gateway';

const addressOf = (world: World): string => world.cloud.machines()[0]?.address ?? '';

/** A running machine of ours that this gateway has no record of. */
async function beginWith(machine: { linkEpoch: number | null; fingerprint?: string }) {
  const world = new World({ pool: { owner: OWNER } });
  const id = world.cloud.add({ owner: OWNER, launchId: 'old', status: 'running', fingerprint: 'older', ...machine });
  return { world, id, next: await another(world) };
}

describe('a running machine of an epoch that the gateway has no keys for', () => {
  it.each([0, 7, null])('(label %j) is deleted and replaced when somebody wants one', async (linkEpoch) => {
    const { world, id, next } = await beginWith({ linkEpoch });
    void next.request();
    await next.until('failed', MIN);
    expect(next.service.snapshot().failure).toMatchObject({ code: 'link_mismatch', heals: true });
    expect((await next.cold()).code).toBe('link_mismatch');
    await next.until('ready', 20 * MIN);
    expect(world.cloud.machines().map((one) => one.id)).not.toContain(id);
    expect(world.cloud.runningAtOnce()).toBe(1);
  });

  it('is deleted and not replaced when nobody wants one', async () => {
    const { world, next } = await beginWith({ linkEpoch: 7 });
    await next.pass(5 * MIN);
    expect(world.cloud.machines()).toEqual([]);
    expect(next.phase).toBe('absent');
  });
});

describe('a machine that refuses the keys of the gateway', () => {
  it('is replaced after three refusals, and says so', async () => {
    const { world, gateway } = await begin();
    const on = world.cloud.machines.bind(world.cloud);
    await gateway.cold();
    await gateway.until('booting');
    world.machines.refusesKeys(addressOf(world), true);
    const [refusing] = on();
    await gateway.until('failed', 2 * MIN);
    expect(gateway.service.snapshot().failure?.code).toBe('link_mismatch');
    void gateway.request();
    await gateway.until('ready', 20 * MIN);
    expect(on().map(({ id }) => id)).not.toContain(refusing?.id);
  });

  it('keeps its open streams: it is not replaced under them', async () => {
    const { world, gateway } = await begin();
    await gateway.cold();
    await gateway.until('ready');
    const lease = await gateway.served();
    world.machines.refusesKeys(addressOf(world), true);
    await gateway.pass(30 * MIN);
    expect(world.cloud.calls.destroy).toBe(0);
    lease.release();
    await gateway.pass(5 * MIN);
    expect(world.cloud.calls.destroy).toBe(1);
  });

  it('is not blamed while it is silent between two refusals: it may be booting', async () => {
    const { world, gateway } = await begin();
    await gateway.cold();
    await gateway.until('booting');
    let probes = 0;
    world.machines.probe = () => Promise.resolve((probes += 1) % 3 === 0 ? 'silent' : 'refused');
    await gateway.pass(10 * MIN);
    expect(gateway.phase).toBe('booting');
  });
});

describe('a machine whose address has been given to somebody else', () => {
  it('is not deleted for the answers of a stranger: the address is read again first', async () => {
    const { world, gateway } = await begin({ cloud: { renumberOnStart: true } });
    await gateway.cold();
    await gateway.until('ready');
    const [machine] = world.cloud.machines();
    const old = machine?.address ?? '';
    world.cloud.stopByHand(machine?.id ?? '');
    world.cloud.startByHand(machine?.id ?? '');
    world.machines.reachable(old, true);
    world.machines.refusesKeys(old, true);
    void gateway.request();
    await gateway.pass(2 * MIN);
    await gateway.until('ready', 5 * MIN);
    expect(world.cloud.calls.destroy).toBe(0);
  });
});

describe('a machine whose configuration is out of date', () => {
  it('says so while it serves on, and is replaced when it is idle', async () => {
    const { world, id, next } = await beginWith({ linkEpoch: 1 });
    void next.request();
    world.machines.reachable(addressOf(world), true);
    await next.until('ready', 10 * MIN);
    expect(next.service.snapshot()).toMatchObject({ outdated: true, instanceId: id });
    await next.until('absent', 60 * MIN);
    expect(world.cloud.machines()).toEqual([]);
  });
});

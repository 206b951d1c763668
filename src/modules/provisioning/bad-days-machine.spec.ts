/** What goes wrong on the machine, in the state folder, and with a runaway client. */
import { describe, expect, it } from '@jest/globals';
import { lifecycleSuite, MIN, SEC } from '../../../test/support/lifecycle-suite.js';
import { MODEL } from '../../../test/support/pool-harness.js';
import { CloudError } from './ports/cloud.port.js';

const { another, begin } = lifecycleSuite();
const capacity = new CloudError('capacity', 'no host available');
const outage = new CloudError('transient', '500 internal');

describe('a machine that does not come up', () => {
  it('is stopped and started once more, then replaced, and never runs for ever', async () => {
    const { world, gateway } = await begin();
    world.deaf = true;
    await gateway.cold();
    await gateway.until('failed');
    expect(await gateway.cold()).toMatchObject({ code: 'boot_failed', status: 'error' });
    const [first] = world.cloud.machines();
    for (let minute = 0; minute < 40; minute += 1) {
      void gateway.request();
      await gateway.pass(MIN);
    }
    world.deaf = false;
    for (let minute = 0; minute < 40 && gateway.phase !== 'ready'; minute += 1) {
      void gateway.request();
      await gateway.pass(MIN);
    }
    expect(gateway.phase).toBe('ready');
    expect(world.cloud.machines()).toHaveLength(1);
    expect(world.cloud.machines()[0]?.id).not.toBe(first?.id);
    expect(world.cloud.runningAtOnce()).toBe(1);
  });

  it.each([
    { fault: 'model_missing', code: 'model_missing' },
    { fault: 'model_failed', code: 'model_failed' },
    { fault: 'disk_full', code: 'disk_too_small' },
  ] as const)('is not left running for a model that cannot be served: $code', async ({ fault, code }) => {
    const { world, gateway } = await begin();
    world.machines.refuse(MODEL, fault);
    await gateway.cold();
    await gateway.until('failed');
    expect(await gateway.cold()).toMatchObject({ code, status: 'error' });
    await gateway.pass(2 * MIN);
    expect(world.cloud.machines().filter(({ status }) => status === 'running')).toEqual([]);
  });

  // The address of before was probed until the deadline, and the healthy machine was then stopped.
  it('is found at its new address after a restart, however long the old one keeps silent', async () => {
    const { world, gateway } = await begin({ cloud: { renumberOnStart: true } });
    await gateway.cold();
    await gateway.until('ready');
    gateway.kill();
    const [machine] = world.cloud.machines();
    world.cloud.stopByHand(machine?.id ?? '');
    world.cloud.startByHand(machine?.id ?? '');
    await world.clock.advance(MIN);
    const probe = world.machines.probe.bind(world.machines);
    const probed = new Set<string>();
    world.machines.probe = async (target) => {
      probed.add(target.url);
      const outcome = await probe(target);
      if (outcome === 'silent') await world.clock.sleep(5 * SEC);
      return outcome;
    };
    const next = await another(world);
    await next.until('ready', 3 * MIN);
    expect([...probed]).toEqual([`http://${world.cloud.machines()[0]?.address}:11434`]);
  });

  it('is left and proven anew when it has moved to another address', async () => {
    const { world, gateway } = await begin({ cloud: { renumberOnStart: true } });
    await gateway.cold();
    await gateway.until('ready');
    const [machine] = world.cloud.machines();
    world.cloud.stopByHand(machine?.id ?? '');
    world.cloud.startByHand(machine?.id ?? '');
    await gateway.pass(30 * SEC);
    await gateway.until('ready', 3 * MIN);
    expect((await gateway.served()).target.url).toBe(`http://${world.cloud.machines()[0]?.address}:11434`);
  });

  // The proof counted its time from the first load, hours ago, and stopped the machine at once.
  it('is proven again when it falls silent for a moment after an hour, and not stopped for it', async () => {
    const { world, gateway } = await begin();
    await gateway.cold();
    await gateway.until('ready');
    const lease = await gateway.served();
    await gateway.pass(60 * MIN);
    lease.release();
    const address = world.cloud.machines()[0]?.address ?? '';
    world.machines.reachable(address, false);
    await gateway.until('booting', MIN);
    world.machines.reachable(address, true);
    await gateway.until('ready', MIN);
    expect(world.cloud.calls.stop).toBe(0);
  });

  it('serves again after a restart also while the cloud does not answer', async () => {
    const { world, gateway } = await begin();
    await gateway.cold();
    await gateway.until('ready');
    gateway.kill();
    world.cloud.failNext('look', outage, 1000);
    const next = await another(world);
    await next.until('ready', MIN);
  });

  // Each boot counted as a success of the start, so neither back-off nor flap guard ever bit.
  it('is not started for ever when it switches itself off while it boots', async () => {
    const { world, gateway } = await begin({ bootMs: 5 * MIN });
    world.cloud.onPower(
      ({ id }) => world.clock.after(10 * SEC, () => world.cloud.stopByHand(id)),
      () => undefined,
    );
    for (let turn = 0; turn < 30; turn += 1) {
      void gateway.request();
      await gateway.pass(2 * MIN);
    }
    expect(world.cloud.calls.start).toBeLessThanOrEqual(6);
  });

  it('is loaded again after the registry went away, in good time and not in a hot loop', async () => {
    const { world, gateway } = await begin();
    world.machines.failNext('load', 'unreachable', 3);
    await gateway.cold();
    await gateway.until('ready', 10 * MIN);
    expect(gateway.phases.filter((phase) => phase === 'loading')).toHaveLength(1);
    expect(world.cloud.calls.start).toBe(1);
  });

  it('is not left running while the registry stays away', async () => {
    const { world, gateway } = await begin();
    world.machines.failNext('load', 'unreachable', 1000);
    await gateway.cold();
    await gateway.until('failed', 20 * MIN);
    await gateway.pass(MIN);
    expect(world.cloud.machines().filter(({ status }) => status === 'running')).toEqual([]);
  });

  it('keeps its open streams while it cannot be proven again', async () => {
    const { world, gateway } = await begin();
    await gateway.cold();
    await gateway.until('ready');
    const lease = await gateway.served();
    world.machines.probe = () => Promise.resolve('silent');
    await gateway.pass(60 * MIN);
    expect(world.cloud.calls).toMatchObject({ stop: 0, destroy: 0 });
    lease.release();
    await gateway.pass(2 * MIN);
    expect(world.cloud.machines().filter(({ status }) => status === 'running')).toEqual([]);
  });

  it('deleted by hand while it resumes is followed by a new one, with the time and the answers of a new one', async () => {
    const { world, gateway } = await begin();
    await gateway.cold();
    await gateway.until('ready');
    await gateway.until('stopped');
    void gateway.request();
    await gateway.until('booting');
    world.cloud.deleteByHand(world.cloud.machines()[0]?.id ?? '');
    await gateway.until('creating', MIN);
    expect(await gateway.cold()).toMatchObject({ code: 'provisioning', phase: 'creating' });
    await gateway.until('ready');
    expect(gateway.phases).not.toContain('failed');
  });

  it('is proven again when its Ollama stops answering, without a new start', async () => {
    const { world, gateway } = await begin();
    await gateway.cold();
    await gateway.until('ready');
    const address = world.cloud.machines()[0]?.address ?? '';
    world.machines.reachable(address, false);
    await gateway.until('booting', MIN);
    world.machines.reachable(address, true);
    await gateway.until('ready', 5 * MIN);
    expect(world.cloud.calls).toMatchObject({ create: 1, start: 1, stop: 0 });
  });

  it('is asked at once when a forwarded request did not reach it', async () => {
    const { world, gateway } = await begin();
    await gateway.cold();
    await gateway.until('ready');
    await gateway.pass(100);
    world.machines.reachable(world.cloud.machines()[0]?.address ?? '', false);
    gateway.service.suspect();
    await gateway.until('booting', SEC);
  });
});

describe('guards', () => {
  it('refuses to wake a machine more often than GATEWAY_MAX_STARTS_PER_HOUR, and says until when', async () => {
    const { gateway } = await begin({
      lifecycle: { maxStartsPerHour: 2, unclaimedSec: 60, idleTimeoutSec: 60, holdResumeSec: 0 },
    });
    for (let start = 0; start < 2; start += 1) {
      void gateway.request();
      await gateway.until('ready');
      await gateway.until('stopped');
    }
    const answer = await gateway.cold();
    expect(answer).toMatchObject({ code: 'wake_refused', retryAfterSec: null });
    expect(answer.message).toMatch(/2026-11-24T13:\d\d/);
    await gateway.pass(60 * MIN);
    void gateway.request();
    await gateway.until('ready');
  });

  it('forgets a wish that was not served for ten minutes', async () => {
    const { world, gateway } = await begin();
    world.cloud.failNext('create', capacity, 100);
    await gateway.cold();
    await gateway.pass(11 * MIN);
    const tries = world.cloud.calls.create;
    await gateway.pass(60 * MIN);
    expect(world.cloud.calls.create).toBe(tries);
    expect(gateway.phase).toBe('absent');
  });
});

describe('a state store that takes no writes', () => {
  it('takes no wake and says so, and goes on by itself when it works again', async () => {
    const { world, gateway } = await begin();
    world.store.failWrites('no space left in /data');
    const answer = await gateway.cold();
    expect(answer).toMatchObject({ code: 'state_unavailable' });
    expect(answer.message).toContain('no space left in /data');
    await gateway.pass(MIN);
    expect(world.cloud.calls.create).toBe(0);
    expect(gateway.service.snapshot().storeTrouble).toContain('no space left');
    world.store.failWrites(null);
    await gateway.pass(2 * SEC);
    await gateway.cold();
    await gateway.until('ready');
  });

  it('lets a ready machine serve on, and stops it when it can be recorded again', async () => {
    const { world, gateway } = await begin();
    await gateway.cold();
    await gateway.until('ready');
    world.store.failWrites('disk full');
    await gateway.pass(11 * MIN);
    expect(world.cloud.calls.stop).toBe(0);
    (await gateway.served()).release();
    world.store.failWrites(null);
    await gateway.until('stopped');
  });

  it('loses no machine when the answer to a create cannot be recorded', async () => {
    const { world, gateway } = await begin();
    const release = world.cloud.holdNext('create');
    await gateway.cold();
    await gateway.pass(SEC);
    world.store.failWrites('disk full');
    release();
    await gateway.pass(10 * SEC);
    world.store.failWrites(null);
    await gateway.until('ready');
    expect(world.cloud.calls.create).toBe(1);
    expect(world.cloud.machines()).toHaveLength(1);
  });
});

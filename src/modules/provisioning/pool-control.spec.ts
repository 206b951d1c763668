/** What operators can do, and what is written down of it. */
import { describe, expect, it } from '@jest/globals';
import { lifecycleSuite, MIN, SEC } from '../../../test/support/lifecycle-suite.js';
import type { Gateway, World } from '../../../test/support/pool-harness.js';
import type { Phase } from './domain/model.js';

const { begin, another } = lifecycleSuite();
const ACTOR = 'admin@127.0.0.1';

async function beginReady() {
  const { world, gateway } = await begin();
  await gateway.cold();
  await gateway.until('ready');
  return { world, gateway };
}

const addressOf = (world: World): string => world.cloud.machines()[0]?.address ?? '';
const launchOf = (gateway: Gateway): string => gateway.control.record().launchId ?? '';

async function operatorEvents(gateway: Gateway) {
  const events = await gateway.control.events(0, 1000);
  return events.filter(({ cause }) => cause === 'operator').map(({ from, to, actor }) => ({ from, to, actor }));
}

describe('wake', () => {
  it('starts the machine as a request would, with the operator in the event log', async () => {
    const { gateway } = await begin();
    expect(await gateway.control.wake(ACTOR)).toEqual({ done: true });
    await gateway.until('ready');
    expect(await operatorEvents(gateway)).toContainEqual({ from: 'absent', to: 'absent', actor: ACTOR });
  });

  it('is refused by the flap guard, with the time when it ends', async () => {
    const { gateway } = await begin({ lifecycle: { maxStartsPerHour: 1, unclaimedSec: 60 } });
    await gateway.cold();
    await gateway.until('ready');
    await gateway.until('stopped', 5 * MIN);
    const verdict = await gateway.control.wake(ACTOR);
    expect(verdict).toMatchObject({ done: false, code: 'wake_refused', message: expect.stringMatching(/again at 2/) });
    await gateway.pass(MIN);
    expect(gateway.phase).toBe('stopped');
  });
});

describe('sleep', () => {
  it('stops a machine that nobody is using at this moment, whatever the idle timeout', async () => {
    const { gateway } = await beginReady();
    await gateway.control.keepAwake(gateway.world.clock.nowMs() + 600 * MIN, ACTOR);
    expect(await gateway.control.sleep(ACTOR)).toEqual({ done: true });
    await gateway.until('stopped', MIN);
    expect(await operatorEvents(gateway)).toContainEqual({ from: 'ready', to: 'draining', actor: ACTOR });
  });

  it('is refused while requests are open, and changes nothing', async () => {
    const { gateway } = await beginReady();
    const lease = await gateway.served();
    expect(await gateway.control.sleep(ACTOR)).toMatchObject({ done: false, code: 'in_use' });
    await gateway.pass(MIN);
    expect(gateway.phase).toBe('ready');
    lease.release();
  });

  it.each<Phase>(['creating', 'starting', 'booting', 'loading'])('ends a bring-up in %s', async (phase) => {
    const { world, gateway } = await begin();
    await gateway.cold();
    await gateway.until(phase);
    expect(await gateway.control.sleep(ACTOR)).toEqual({ done: true });
    await gateway.pass(5 * MIN);
    expect(['stopped', 'absent']).toContain(gateway.phase);
    expect(world.cloud.machines().filter(({ status }) => status === 'running')).toEqual([]);
    expect(gateway.phases).not.toContain('ready');
  });

  it('gives way to the next request', async () => {
    const { gateway } = await beginReady();
    await gateway.control.sleep(ACTOR);
    await gateway.until('stopped', MIN);
    void gateway.request();
    await gateway.until('ready');
  });
});

describe('keep-awake', () => {
  it('holds off the idle stop until its time, and the machine’s own timer knows it', async () => {
    const { world, gateway } = await beginReady();
    const untilMs = world.clock.nowMs() + 120 * MIN;
    expect(await gateway.control.keepAwake(untilMs, ACTOR)).toEqual({ done: true });
    await gateway.pass(SEC);
    expect(world.machines.instructionsOf(addressOf(world))).toEqual({
      idleTimeoutSec: 1800,
      keepAwakeUntilMs: untilMs,
    });
    await gateway.pass(119 * MIN);
    expect(gateway.phase).toBe('ready');
    await gateway.until('stopped', 3 * MIN);
  });

  it('is told again when the machine did not take it', async () => {
    const { world, gateway } = await beginReady();
    world.machines.failNext('instruct', 'unreachable', 2);
    const untilMs = world.clock.nowMs() + 120 * MIN;
    await gateway.control.keepAwake(untilMs, ACTOR);
    await gateway.pass(MIN);
    expect(world.machines.instructionsOf(addressOf(world))?.keepAwakeUntilMs).toBe(untilMs);
  });

  it('survives a restart of the gateway', async () => {
    const { world, gateway } = await beginReady();
    await gateway.control.keepAwake(world.clock.nowMs() + 120 * MIN, ACTOR);
    gateway.kill();
    await world.clock.advance(20 * SEC);
    const next = await another(world);
    await next.pass(90 * MIN);
    expect(next.phase).toBe('ready');
  });

  it('can be taken back', async () => {
    const { world, gateway } = await beginReady();
    await gateway.control.keepAwake(world.clock.nowMs() + 1200 * MIN, ACTOR);
    await gateway.control.keepAwake(null, ACTOR);
    await gateway.until('stopped', 15 * MIN);
  });

  it('wakes nothing', async () => {
    const { world, gateway } = await begin();
    await gateway.control.keepAwake(world.clock.nowMs() + 60 * MIN, ACTOR);
    await gateway.pass(5 * MIN);
    expect([gateway.phase, world.cloud.calls.create]).toEqual(['absent', 0]);
  });
});

describe('destroy', () => {
  it('deletes the machine that the launch id names', async () => {
    const { world, gateway } = await beginReady();
    expect(await gateway.control.destroy(launchOf(gateway), ACTOR)).toEqual({ done: true });
    await gateway.until('absent', 5 * MIN);
    expect(world.cloud.machines()).toEqual([]);
    expect(await operatorEvents(gateway)).toContainEqual({ from: 'ready', to: 'deleting', actor: ACTOR });
  });

  it.each(['', 'another-launch'])('is refused for the launch id %j', async (launchId) => {
    const { world, gateway } = await beginReady();
    expect(await gateway.control.destroy(launchId, ACTOR)).toMatchObject({ done: false, code: 'wrong_launch' });
    await gateway.pass(MIN);
    expect([gateway.phase, world.cloud.calls.destroy]).toEqual(['ready', 0]);
  });

  it('is refused while requests are open', async () => {
    const { gateway } = await beginReady();
    const lease = await gateway.served();
    expect(await gateway.control.destroy(launchOf(gateway), ACTOR)).toMatchObject({ done: false, code: 'in_use' });
    lease.release();
  });

  it('is refused where there is no machine', async () => {
    const { gateway } = await begin();
    expect(await gateway.control.destroy('l-1', ACTOR)).toMatchObject({ done: false, code: 'wrong_launch' });
  });
});

describe('every act', () => {
  it('that cannot be written down is not done, and says why', async () => {
    const { world, gateway } = await beginReady();
    world.store.failWrites('The disk is full.');
    const verdict = await gateway.control.sleep(ACTOR);
    expect(verdict).toMatchObject({ done: false, code: 'state_unavailable' });
    await gateway.pass(10 * SEC);
    expect(gateway.phase).toBe('ready');
    world.store.failWrites(null);
  });
});

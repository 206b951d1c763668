/** The last moment before a stop: the machine itself is asked whether it is in use. */
import { describe, expect, it } from '@jest/globals';
import { lifecycleSuite, MIN, SEC } from '../../../test/support/lifecycle-suite.js';
import type { Gateway, World } from '../../../test/support/pool-harness.js';

const { begin, another } = lifecycleSuite();

async function beginReady() {
  const { world, gateway } = await begin();
  await gateway.cold();
  await gateway.until('ready');
  (await gateway.served()).release();
  return { world, gateway };
}

const addressOf = (world: World): string => world.cloud.machines()[0]?.address ?? '';
const idle = (gateway: Gateway) => gateway.pass(31 * MIN);

describe('an idle machine', () => {
  it('refuses new requests itself before it is stopped', async () => {
    const { world, gateway } = await beginReady();
    const latchedAtStop: boolean[] = [];
    const stop = world.cloud.stop.bind(world.cloud);
    world.cloud.stop = (id) => {
      latchedAtStop.push(world.machines.isLatched(addressOf(world)));
      return stop(id);
    };
    await idle(gateway);
    expect(latchedAtStop).toEqual([true]);
  });

  it('on which somebody else has requests in progress is not stopped, and takes requests again', async () => {
    const { world, gateway } = await beginReady();
    world.machines.busyWith(addressOf(world), 2);
    await idle(gateway);
    expect([gateway.phase, world.cloud.calls.stop]).toEqual(['ready', 0]);
    expect(world.machines.isLatched(addressOf(world))).toBe(false);
    expect(gateway.service.snapshot().reason).toBe('2 requests of somebody else are in progress on it');
  });

  it('is stopped as soon as they have ended, and asked once a minute until then', async () => {
    const { world, gateway } = await beginReady();
    world.machines.busyWith(addressOf(world), 1);
    await gateway.pass(40 * MIN);
    expect(gateway.phases.filter((phase) => phase === 'draining').length).toBeLessThan(13);
    world.machines.busyWith(addressOf(world), 0);
    await gateway.until('stopped', 2 * MIN);
  });

  it('is stopped after an hour all the same: what looks like use may be noise at an open port', async () => {
    const { world, gateway } = await beginReady();
    world.machines.busyWith(addressOf(world), 1);
    await gateway.pass(88 * MIN);
    expect(gateway.phase).toBe('ready');
    await gateway.until('stopped', 5 * MIN);
  });

  it('is left alone for another hour when somebody of ours has used it in between', async () => {
    const { world, gateway } = await beginReady();
    world.machines.busyWith(addressOf(world), 1);
    await gateway.pass(80 * MIN);
    (await gateway.served()).release();
    await gateway.pass(80 * MIN);
    expect(gateway.phase).toBe('ready');
  });

  it('that does not answer any more is stopped after three attempts to latch it', async () => {
    const { world, gateway } = await beginReady();
    world.machines.failNext('latch', 'unreachable', 3);
    await idle(gateway);
    await gateway.until('stopped', MIN);
  });

  it('that fails to be latched once is asked again, not stopped unasked', async () => {
    const { world, gateway } = await beginReady();
    world.machines.failNext('latch', 'unreachable', 1);
    world.machines.busyWith(addressOf(world), 1);
    await idle(gateway);
    expect(gateway.phase).toBe('ready');
  });
});

describe('a request that comes while draining', () => {
  it('is served only when the latch is open again', async () => {
    const { world, gateway } = await beginReady();
    const latchedWhenServed: boolean[] = [];
    gateway.service.state$.subscribe(({ phase }) => {
      if (phase !== 'draining' || latchedWhenServed.length > 0) return;
      void gateway.request().then(({ kind }) => {
        expect(kind).toBe('served');
        latchedWhenServed.push(world.machines.isLatched(addressOf(world)));
      });
    });
    await idle(gateway);
    expect(latchedWhenServed).toEqual([false]);
    expect(world.cloud.calls.stop).toBe(0);
  });

  it('finds the machine proven anew when the latch could not be opened', async () => {
    const { world, gateway } = await beginReady();
    world.machines.busyWith(addressOf(world), 1);
    world.machines.failNext('unlatch', 'unreachable');
    await idle(gateway);
    await gateway.until('ready', MIN);
    expect(gateway.phases).toEqual(expect.arrayContaining(['draining', 'booting', 'loading', 'ready']));
    expect(world.machines.isLatched(addressOf(world))).toBe(false);
  });
});

describe('a machine that serves', () => {
  it('is freed of a latch that was left on it', async () => {
    const { world, gateway } = await beginReady();
    await world.machines.latch(world.machines.targetOf(addressOf(world), 'x', 1));
    await gateway.pass(10 * SEC);
    expect([gateway.phase, world.machines.isLatched(addressOf(world))]).toEqual(['ready', false]);
  });
});

describe('a gateway that died while draining', () => {
  it('leaves a latch that the next one takes away before it serves', async () => {
    const { world, gateway } = await beginReady();
    await world.machines.latch(world.machines.targetOf(addressOf(world), 'x', 1));
    gateway.kill();
    await world.clock.advance(20 * SEC);
    const next = await another(world);
    await next.until('ready', 2 * MIN);
    expect(world.machines.isLatched(addressOf(world))).toBe(false);
  });
});

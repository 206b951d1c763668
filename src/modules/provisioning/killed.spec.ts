/** A gateway that dies in any phase, and the one that follows it. */
import { describe, expect, it } from '@jest/globals';
import { lifecycleSuite, MIN, SEC } from '../../../test/support/lifecycle-suite.js';
import { World } from '../../../test/support/pool-harness.js';
import type { Phase } from './domain/model.js';

const { another, begin } = lifecycleSuite();

describe('a gateway that stood still for longer than its lease', () => {
  it.each<Phase>(['creating', 'starting', 'loading', 'ready', 'stopping'])(
    'in %s takes the lease again and goes on',
    async (phase) => {
      const { world, gateway } = await begin();
      await gateway.cold();
      await gateway.until(phase === 'stopping' ? 'ready' : phase);
      if (phase === 'stopping') await gateway.until('stopping', 20 * MIN);
      world.clock.jump(2 * MIN);
      if (phase === 'stopping') await gateway.until('stopped', 5 * MIN);
      else await gateway.until('ready', 10 * MIN);
      expect(world.cloud.machines()).toHaveLength(1);
      expect(world.cloud.calls.create).toBe(1);
    },
  );

  it('does not tell a request that wakes that it wakes nothing', async () => {
    const { world, gateway } = await begin();
    world.clock.jump(MIN);
    expect(['provisioning', 'state_unavailable']).toContain((await gateway.cold()).code);
    await gateway.pass(10 * SEC);
    await gateway.cold();
    await gateway.until('ready');
  });
});

describe('a gateway whose clock is set back by an hour', () => {
  it.each<Phase>(['creating', 'starting', 'stopping'])('in %s loses no hour', async (phase) => {
    const { world, gateway } = await begin();
    await gateway.cold();
    await gateway.until(phase, 30 * MIN);
    world.clock.jump(-60 * MIN);
    await gateway.until(phase === 'stopping' ? 'stopped' : 'ready', 15 * MIN);
    expect(world.cloud.calls.create).toBe(1);
  });

  it('stops an idle machine when it is idle', async () => {
    const { world, gateway } = await begin({ lifecycle: { idleTimeoutSec: 600 } });
    await gateway.cold();
    await gateway.until('ready');
    (await gateway.served()).release();
    world.clock.jump(-60 * MIN);
    await gateway.until('stopped', 12 * MIN);
  });
});

describe('a gateway that is killed', () => {
  const phases: Phase[] = ['creating', 'starting', 'booting', 'loading', 'ready'];

  it.each(phases)('in %s is followed by one that goes on with the same machine, without a request', async (phase) => {
    const { world, gateway } = await begin();
    await gateway.cold();
    await gateway.until(phase);
    gateway.kill();
    await world.clock.advance(5 * SEC);
    const next = await another(world);
    await next.until('ready');
    expect(world.cloud.machines()).toHaveLength(1);
    expect(world.cloud.calls.create).toBe(1);
    expect(world.cloud.runningAtOnce()).toBe(1);
  });

  it.each(['draining', 'stopping'] as const)(
    'in %s is followed by one that leaves no machine running',
    async (phase) => {
      const { world, gateway } = await begin();
      await gateway.cold();
      await gateway.until('ready');
      let killed = false;
      gateway.service.state$.subscribe((snapshot) => {
        if (snapshot.phase !== phase || killed) return;
        killed = true;
        gateway.kill();
      });
      await gateway.pass(11 * MIN);
      expect(killed).toBe(true);
      const next = await another(world);
      await next.until('stopped');
      expect(world.cloud.machines().map(({ status }) => status)).toEqual(['stopped']);
    },
  );

  it('in the middle of a create whose answer never came adopts that machine by its label', async () => {
    const { world, gateway } = await begin({ cloud: { listLagMs: 10 * SEC } });
    const release = world.cloud.holdNext('create');
    await gateway.cold();
    await gateway.pass(SEC);
    gateway.kill();
    release();
    const next = await another(world);
    await next.until('ready');
    expect(world.cloud.calls.create).toBe(1);
  });

  it('keeps the idle clock: a restart does not prolong the life of an idle machine', async () => {
    const { world, gateway } = await begin({ lifecycle: { idleTimeoutSec: 600 } });
    await gateway.cold();
    await gateway.until('ready');
    (await gateway.served()).release();
    await gateway.pass(8 * MIN);
    gateway.kill();
    const next = await another(world);
    await next.until('ready');
    await next.until('stopped', 3 * MIN);
  });

  it('with its state lost finds the machine as somebody else’s and touches nothing', async () => {
    const { world, gateway } = await begin();
    await gateway.cold();
    await gateway.until('ready');
    gateway.kill();
    const amnesic = new World({ ...world.options, pool: { owner: 'another-owner' } });
    Object.assign(amnesic, { cloud: world.cloud, machines: world.machines });
    const next = await another(amnesic);
    await next.pass(SEC);
    expect(await next.cold()).toMatchObject({ code: 'pool_in_use' });
    expect(world.cloud.calls).toMatchObject({ create: 1, stop: 0, destroy: 0 });
  });

  it('with its state lost and GATEWAY_OWNER set adopts the machine, proves it and stops it when unused', async () => {
    const options = { pool: { owner: 'configured-owner' } };
    const { world, gateway } = await begin(options);
    await gateway.cold();
    await gateway.until('ready');
    gateway.kill();
    const amnesic = new World(options);
    Object.assign(amnesic, { cloud: world.cloud, machines: world.machines, clock: world.clock });
    const next = await another(amnesic);
    await next.until('ready');
    await next.until('stopped', 12 * MIN);
    expect(world.cloud.calls.create).toBe(1);
  });
});

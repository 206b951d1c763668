/** What goes wrong in the cloud: refusals, silence, lost answers, lists that lag behind. */
import { describe, expect, it } from '@jest/globals';
import { lifecycleSuite, MIN, SEC } from '../../../test/support/lifecycle-suite.js';
import { CloudError } from './ports/cloud.port.js';

const { begin } = lifecycleSuite();
const capacity = new CloudError('capacity', 'no host available');
const outage = new CloudError('transient', '500 internal');

describe('a cloud that refuses', () => {
  it.each([
    { kind: 'auth', code: 'auth', text: 'Invalid request signature' },
    { kind: 'quota', code: 'quota_exceeded', text: 'Quota for gpua5000 exceeded' },
    { kind: 'invalid', code: 'cloud_rejected', text: 'disk-size too small' },
  ] as const)(
    'says $code with its own words, asks for a person and makes no hot loop',
    async ({ kind, code, text }) => {
      const { world, gateway } = await begin();
      world.cloud.failNext('create', new CloudError(kind, text), 100);
      await gateway.cold();
      await gateway.until('failed');
      const answer = await gateway.cold();
      expect(answer).toMatchObject({ code, status: 'error', phase: 'failed' });
      expect(answer.message).toContain(text);
      await gateway.pass(60 * MIN);
      expect(world.cloud.calls.create).toBe(1);
    },
  );

  it('is asked again by the first wake a minute after a failure that a person must mend', async () => {
    const { world, gateway } = await begin();
    world.cloud.failNext('create', new CloudError('auth', 'Forbidden'));
    await gateway.cold();
    await gateway.until('failed');
    await gateway.pass(59 * SEC);
    await gateway.cold();
    await gateway.pass(5 * SEC);
    expect(world.cloud.calls.create).toBe(1);
    await gateway.cold();
    await gateway.until('ready');
  });

  it('keeps trying by itself with a back-off while there is no capacity for a new machine', async () => {
    const { world, gateway } = await begin();
    world.cloud.failNext('create', capacity, 3);
    await gateway.cold();
    await gateway.until('failed');
    expect(await gateway.cold()).toMatchObject({ code: 'capacity', status: 'error' });
    await gateway.until('ready');
    expect(world.cloud.calls.create).toBe(4);
  });

  it('replaces a stopped machine that found no capacity three times, and deletes it after', async () => {
    const { world, gateway } = await begin();
    await gateway.cold();
    await gateway.until('ready');
    await gateway.until('stopped');
    const [old] = world.cloud.machines();
    world.cloud.failNext('start', capacity, 3);
    for (let minute = 0; minute < 10 && gateway.phase !== 'ready'; minute += 1) {
      void gateway.request();
      await gateway.pass(MIN);
    }
    expect(gateway.phase).toBe('ready');
    const machines = world.cloud.machines();
    expect(machines).toHaveLength(1);
    expect(machines[0]?.id).not.toBe(old?.id);
    expect(world.cloud.runningAtOnce()).toBe(1);
  });

  // Its successor was adopted from the list, and the machine that it replaced was forgotten.
  it('deletes the replaced machine also when the answer to the creation of its successor was lost', async () => {
    const { world, gateway } = await begin();
    world.cloud.failNext('start', capacity, 3);
    await gateway.cold();
    await gateway.pass(SEC);
    world.cloud.loseAnswer('create');
    await gateway.until('ready');
    expect(world.cloud.machines()).toMatchObject([{ status: 'running' }]);
    expect(world.cloud.calls).toMatchObject({ create: 2, destroy: 1 });
  });

  it('keeps the old machine when there is no capacity for its successor either', async () => {
    const { world, gateway } = await begin();
    await gateway.cold();
    await gateway.until('ready');
    await gateway.until('stopped');
    const [old] = world.cloud.machines();
    world.cloud.failNext('start', capacity, 3);
    world.cloud.failNext('create', capacity, 1);
    for (let minute = 0; minute < 15 && gateway.phase !== 'ready'; minute += 1) {
      void gateway.request();
      await gateway.pass(MIN);
    }
    expect(world.cloud.machines()).toMatchObject([{ id: old?.id, status: 'running' }]);
  });

  it('looks again when a start is said to come too early', async () => {
    const { world, gateway } = await begin();
    world.cloud.failNext('start', new CloudError('conflict', 'instance is not settled'), 3);
    await gateway.cold();
    await gateway.until('ready');
    expect(gateway.phases).not.toContain('failed');
  });

  it('reports a creation whose job fails, and makes a new machine', async () => {
    const { world, gateway } = await begin();
    world.cloud.failOperation('create', capacity, 1, 'error');
    await gateway.cold();
    await gateway.until('failed');
    expect(await gateway.cold()).toMatchObject({ code: 'capacity' });
    await gateway.until('ready');
    expect(world.cloud.machines().map(({ status }) => status)).toEqual(['running']);
  });
});

describe('a cloud that does not answer', () => {
  it.each(['look', 'create', 'start'] as const)('is reported and tried again when %s fails', async (call) => {
    const { world, gateway } = await begin();
    await gateway.pass(2 * SEC);
    world.cloud.failNext(call, outage, 2);
    await gateway.cold();
    await gateway.until('failed');
    expect(await gateway.cold()).toMatchObject({ code: 'cloud_unavailable', status: 'error' });
    await gateway.until('ready');
    expect(world.cloud.machines()).toHaveLength(1);
  });

  it.each(['create', 'start', 'stop', 'destroy'] as const)(
    'never makes two machines when the answer to %s is lost',
    async (call) => {
      const { world, gateway } = await begin({
        lifecycle: { idleAction: call === 'destroy' ? 'destroy' : 'stop' },
        cloud: { listLagMs: 20 * SEC },
      });
      world.cloud.loseAnswer(call);
      await gateway.cold();
      await gateway.until('ready');
      await gateway.until(call === 'destroy' ? 'absent' : 'stopped');
      expect(world.cloud.calls.create).toBe(1);
      expect(world.cloud.runningAtOnce()).toBe(1);
      expect(world.cloud.machines().filter(({ status }) => status === 'running')).toEqual([]);
    },
  );

  // A ghost in a lagging list was adopted, found gone, and adopted again, as fast as the API answered.
  it('is not asked in a hot loop while its list still shows a machine that is gone', async () => {
    const { world, gateway } = await begin({ cloud: { listLagMs: 90 * SEC } });
    await gateway.cold();
    await gateway.until('ready');
    const looks = world.cloud.calls.look;
    world.cloud.deleteByHand(world.cloud.machines()[0]?.id ?? '');
    await gateway.until('absent', 2 * MIN);
    void gateway.request();
    await gateway.pass(45 * SEC);
    expect(world.cloud.calls.look - looks).toBeLessThan(40);
    await gateway.until('ready');
    expect(world.cloud.machines()).toHaveLength(1);
  });

  it('does not disturb a machine that serves', async () => {
    const { world, gateway } = await begin();
    await gateway.cold();
    await gateway.until('ready');
    world.cloud.failNext('look', outage, 1000);
    const lease = await gateway.served();
    await gateway.pass(30 * MIN);
    expect(gateway.phase).toBe('ready');
    lease.release();
  });

  it.each(['stop', 'destroy'] as const)(
    'is asked ever less often to %s while it refuses, and while its jobs fail',
    async (call) => {
      const { world, gateway } = await begin({ lifecycle: { idleAction: call } });
      await gateway.cold();
      await gateway.until('ready');
      world.cloud.failNext(call, outage, 5);
      world.cloud.failOperation(call, outage, 5);
      world.cloud.failNext(call, new CloudError('conflict', 'not settled'), 5);
      await gateway.until(call === 'stop' ? 'stopping' : 'deleting');
      await gateway.pass(60 * MIN);
      expect(world.cloud.calls[call]).toBeLessThan(20);
      await gateway.until(call === 'stop' ? 'stopped' : 'absent', 24 * 60 * MIN);
    },
  );

  it('that does not know what a create names asks for a person, not for another try at once', async () => {
    const { world, gateway } = await begin();
    world.cloud.failNext('create', new CloudError('not_found', 'template not found'), 100);
    await gateway.cold();
    await gateway.until('failed');
    expect(await gateway.cold()).toMatchObject({ code: 'cloud_rejected' });
    await gateway.pass(MIN);
    expect(world.cloud.calls.create).toBe(1);
  });

  it('keeps saying that there is no capacity when the quota allows no second machine', async () => {
    const { world, gateway } = await begin();
    world.cloud.failNext('start', capacity, 3);
    await gateway.cold();
    await gateway.pass(SEC);
    world.cloud.failNext('create', new CloudError('quota', 'Quota exceeded'));
    const codes = new Set<string>();
    gateway.service.state$.subscribe(({ failure }) => failure && codes.add(failure.code));
    await gateway.pass(3 * MIN);
    expect([...codes]).toEqual(['capacity']);
    await gateway.until('ready');
    expect(world.cloud.machines()).toHaveLength(1);
  });

  it('does not make the gateway give up a stop', async () => {
    const { world, gateway } = await begin();
    await gateway.cold();
    await gateway.until('ready');
    world.cloud.failNext('stop', outage, 5);
    world.cloud.failNext('look', outage, 5);
    await gateway.until('stopped');
    expect(world.cloud.machines().map(({ status }) => status)).toEqual(['stopped']);
  });
});

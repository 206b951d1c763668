/** What goes wrong: the cloud, the machine, the model, the state folder, and a gateway that dies in any phase. */
import { afterEach, describe, expect, it } from '@jest/globals';
import { MODEL, World, type Gateway, type HarnessOptions } from '../../../test/support/pool-harness.js';
import type { Phase } from './domain/model.js';
import { CloudError } from './ports/cloud.port.js';

const SEC = 1000;
const MIN = 60 * SEC;

let gateways: Gateway[] = [];

async function begin(options: HarnessOptions = {}): Promise<{ world: World; gateway: Gateway }> {
  const world = new World(options);
  return { world, gateway: await another(world) };
}

async function another(world: World): Promise<Gateway> {
  const gateway = await world.gateway();
  gateways.push(gateway);
  return gateway;
}

const capacity = new CloudError('capacity', 'no host available');
const outage = new CloudError('transient', '500 internal');

afterEach(() => {
  const mistakes = gateways.flatMap(({ errors }) =>
    errors.filter((line) => line.includes('mistake') || line.includes('never should')),
  );
  gateways = [];
  expect(mistakes).toEqual([]);
});

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

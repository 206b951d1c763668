/** The life of a machine as its users meet it: requests, time, and what other hands do in the account. */
import { describe, expect, it } from '@jest/globals';
import { lifecycleSuite, MIN, SEC } from '../../../test/support/lifecycle-suite.js';
import { CloudError } from './ports/cloud.port.js';
import { MODEL, World, type Gateway, type HarnessOptions } from '../../../test/support/pool-harness.js';

const { begin } = lifecycleSuite();

/** A gateway with a machine that is ready and has served one request. */
async function beginReady(options: HarnessOptions = {}) {
  const both = await begin(options);
  await both.gateway.cold();
  await both.gateway.until('ready');
  (await both.gateway.served()).release();
  return both;
}

async function beginStopped(options: HarnessOptions = {}) {
  const both = await beginReady(options);
  await both.gateway.pass(30 * MIN);
  await both.gateway.until('stopped');
  return both;
}

describe('a cold start', () => {
  it('creates, starts, boots and loads one machine, and then serves', async () => {
    const { world, gateway } = await begin();
    await gateway.cold();
    await gateway.until('ready');
    expect(gateway.phases).toEqual(['absent', 'creating', 'starting', 'booting', 'loading', 'ready']);
    expect(world.machines.loads.map(({ model }) => model)).toEqual([MODEL]);
    expect((await gateway.served()).target.url).toBe(gateway.service.snapshot().remoteUrl);
  });

  it('answers at once that the machine is being provisioned, with when to retry', async () => {
    const { gateway } = await begin();
    expect(await gateway.cold()).toMatchObject({
      code: 'provisioning',
      status: 'provisioning',
      phase: 'creating',
      retryAfterSec: 55,
      etaSec: 420,
    });
  });

  it('makes one machine for a thousand requests at once', async () => {
    const { world, gateway } = await begin();
    await Promise.all(Array.from({ length: 1000 }, () => gateway.cold()));
    await gateway.until('ready');
    expect(world.cloud.calls).toMatchObject({ create: 1, start: 1 });
  });

  it('shows the progress of the model pull', async () => {
    const { gateway } = await begin();
    await gateway.cold();
    await gateway.until('loading');
    await gateway.pass(35 * SEC);
    expect((await gateway.cold()).progress).toBe(0.5);
  });

  it('is finished also when nobody asks again, and stopped when nobody uses it', async () => {
    const { gateway } = await begin({ bootMs: 12 * MIN });
    await gateway.cold();
    await gateway.until('ready');
    await gateway.pass(9 * MIN);
    expect(gateway.phase).toBe('ready');
    await gateway.until('stopped', 2 * MIN);
  });

  it('pulls the further models after ready, and serves even if one of them does not exist', async () => {
    const { world, gateway } = await begin({ models: [MODEL, 'nosuch:1b', 'second:1b'] });
    world.machines.refuse('nosuch:1b', 'model_missing');
    await gateway.cold();
    await gateway.until('ready');
    const [machine] = world.cloud.machines();
    expect(world.machines.modelsOn(machine?.address ?? '')).toEqual([MODEL]);
    await gateway.pass(3 * MIN);
    expect(world.machines.modelsOn(machine?.address ?? '')).toEqual([MODEL, 'second:1b']);
    expect(gateway.phase).toBe('ready');
  });

  it('is not caused by GET, HEAD or OPTIONS', async () => {
    const { world, gateway } = await begin();
    expect(await gateway.cold({ waking: false })).toMatchObject({ code: 'asleep', status: 'idle' });
    await gateway.pass(5 * MIN);
    expect(world.cloud.machines()).toEqual([]);
  });
});

describe('idleness', () => {
  it('stops the machine when the idle timeout has passed since the last work', async () => {
    const { world, gateway } = await beginReady();
    await gateway.pass(29 * MIN);
    expect(gateway.phase).toBe('ready');
    await gateway.until('stopped', 2 * MIN);
    expect(gateway.phases.slice(-4)).toEqual(['ready', 'draining', 'stopping', 'stopped']);
    expect(world.cloud.machines().map(({ status }) => status)).toEqual(['stopped']);
  });

  it('never stops a machine under an open request, however long it is silent', async () => {
    const { gateway } = await beginReady();
    const lease = await gateway.served();
    await gateway.pass(180 * MIN);
    expect(gateway.phase).toBe('ready');
    lease.release();
    await gateway.pass(29 * MIN);
    expect(gateway.phase).toBe('ready');
    await gateway.until('stopped', 2 * MIN);
  });

  it('is held off by an open GET, but not moved by it', async () => {
    const { gateway } = await beginReady();
    await gateway.pass(20 * MIN);
    const lease = await gateway.served({ waking: false });
    await gateway.pass(20 * MIN);
    expect(gateway.phase).toBe('ready');
    lease.release();
    await gateway.until('stopped', MIN);
  });

  it('destroys the machine where GATEWAY_IDLE_ACTION says so', async () => {
    const { world, gateway } = await beginReady({ lifecycle: { idleAction: 'destroy' } });
    await gateway.pass(30 * MIN);
    await gateway.until('absent', MIN);
    expect(world.cloud.machines()).toEqual([]);
  });

  it('yields to a request that comes while draining, which is served', async () => {
    const { world, gateway } = await beginReady();
    const admissions: ReturnType<Gateway['request']>[] = [];
    gateway.service.state$.subscribe(({ phase }) => {
      if (phase === 'draining') admissions.push(gateway.request());
    });
    await gateway.pass(31 * MIN);
    expect(await Promise.all(admissions)).toMatchObject([{ kind: 'served' }]);
    expect(gateway.phase).toBe('ready');
    expect(world.cloud.calls.stop).toBe(0);
  });

  it('lets nobody in while the decision to stop is being written', async () => {
    const { world, gateway } = await beginReady();
    const write = world.store.commit.bind(world.store);
    const slippedIn: boolean[] = [];
    world.store.commit = (version, epoch, patch, events) => {
      if (patch.phase === 'draining') slippedIn.push(gateway.service.tryAcquire(true) !== null);
      return write(version, epoch, patch, events);
    };
    await gateway.pass(31 * MIN);
    expect(slippedIn).toEqual([false]);
  });

  it('destroys a machine that stayed stopped for GATEWAY_DESTROY_AFTER', async () => {
    const { world, gateway } = await beginStopped({ lifecycle: { destroyAfterSec: 3600 } });
    await gateway.pass(58 * MIN);
    expect(gateway.phase).toBe('stopped');
    await gateway.until('absent', 3 * MIN);
    expect(world.cloud.machines()).toEqual([]);
  });
});

describe('a resume', () => {
  it('holds the request and serves it when the machine is there in time', async () => {
    const { world, gateway } = await beginStopped();
    const held = gateway.request();
    await gateway.until('ready', 2 * MIN);
    expect(await held).toMatchObject({ kind: 'served' });
    expect(world.cloud.calls.create).toBe(1);
  });

  it('answers the held request when the time is over', async () => {
    const { world, gateway } = await beginStopped();
    world.bootMs = 5 * MIN;
    const held = gateway.request();
    await gateway.pass(46 * SEC);
    expect(await held).toMatchObject({ kind: 'cold', answer: { code: 'provisioning', phase: 'booting' } });
  });

  it('holds nobody once it is known to take longer', async () => {
    const { world, gateway } = await beginStopped();
    world.bootMs = 5 * MIN;
    void gateway.request();
    await gateway.until('ready');
    await gateway.pass(31 * MIN);
    await gateway.until('stopped');
    expect(await gateway.cold()).toMatchObject({ code: 'provisioning', phase: 'starting' });
  });

  it('holds as long as a client asks for, up to the maximum', async () => {
    const { world, gateway } = await begin({ lifecycle: { holdMaxSec: 600 } });
    const patient = gateway.request({ holdMs: 10 * MIN });
    await gateway.until('ready');
    expect(await patient).toMatchObject({ kind: 'served' });
    expect(world.cloud.calls.create).toBe(1);
  });

  it('goes on wanting the machine for as long as somebody is held', async () => {
    const { world, gateway } = await begin();
    world.cloud.failNext('create', new CloudError('capacity', 'no host'), 6);
    const patient = gateway.request({ holdMs: 15 * MIN });
    await gateway.pass(14 * MIN);
    expect(gateway.service.snapshot().wanted).toBe(true);
    await gateway.pass(2 * MIN);
    expect(['served', 'cold']).toContain((await patient).kind);
  });

  it('forgets a held request whose client has left', async () => {
    const { gateway } = await beginStopped();
    const client = new AbortController();
    const held = gateway.request({ signal: client.signal });
    await gateway.pass(SEC);
    expect(gateway.service.snapshot().held).toBe(1);
    client.abort();
    expect(await held).toEqual({ kind: 'left' });
    expect(gateway.service.snapshot()).toMatchObject({ held: 0, inFlight: 0 });
  });

  it('reads the address again, because a start may change it', async () => {
    const { world, gateway } = await beginStopped({ cloud: { renumberOnStart: true } });
    void gateway.request();
    await gateway.until('ready', 5 * MIN);
    const [machine] = world.cloud.machines();
    expect((await gateway.served()).target.url).toBe(`http://${machine?.address}:11434`);
  });

  it('remembers a request that comes while the machine stops, and starts it again when it has stopped', async () => {
    const { world, gateway } = await beginReady();
    await gateway.pass(30 * MIN);
    await gateway.until('stopping', MIN);
    expect(await gateway.cold()).toMatchObject({ code: 'provisioning', status: 'provisioning', phase: 'stopping' });
    await gateway.until('ready', 5 * MIN);
    expect(world.cloud.calls).toMatchObject({ create: 1, stop: 1, start: 2 });
  });

  it('replaces a machine that no longer fits the configuration', async () => {
    const { world, gateway } = await beginStopped();
    gateway.kill();
    const changed = new World({ ...world.options });
    Object.assign(changed, { store: world.store, cloud: world.cloud, machines: world.machines, clock: world.clock });
    Object.assign(world.cloud, { fingerprint: 'fp-2' });
    const second = await changed.gateway();
    await second.cold();
    await second.until('ready');
    expect(world.cloud.machines().map(({ fingerprint }) => fingerprint)).toEqual(['fp-2']);
  });
});

describe('other hands in the account', () => {
  it.each(['stopByHand', 'deleteByHand'] as const)(
    'notices %s and repairs it on the next wake, not before',
    async (deed) => {
      const { world, gateway } = await beginReady();
      const [machine] = world.cloud.machines();
      world.cloud[deed](machine?.id ?? '');
      await gateway.until(deed === 'stopByHand' ? 'stopped' : 'absent', 2 * MIN);
      await gateway.pass(5 * MIN);
      expect(world.cloud.runningAtOnce()).toBe(1);
      void gateway.request();
      await gateway.until('ready', 10 * MIN);
      expect(world.cloud.machines()).toHaveLength(1);
    },
  );

  it('stops a machine of ours that was started by hand while nobody wants it', async () => {
    const { world, gateway } = await beginStopped();
    world.cloud.startByHand(world.cloud.machines()[0]?.id ?? '');
    await gateway.pass(2 * MIN);
    await gateway.until('stopped', MIN);
    expect(world.cloud.machines().map(({ status }) => status)).toEqual(['stopped']);
  });

  it('never touches a foreign machine of our pool, names its owner and says how to take it over', async () => {
    const { world, gateway } = await begin();
    const foreign = world.cloud.add({ status: 'running', owner: 'another-gateway' });
    await gateway.pass(2 * MIN);
    const answer = await gateway.cold();
    expect(answer).toMatchObject({ code: 'pool_in_use', status: 'error' });
    expect(answer.message).toContain('GATEWAY_ADOPT_OWNER=another-gateway');
    await gateway.pass(60 * MIN);
    expect(world.cloud.machines()).toMatchObject([{ id: foreign, status: 'running', owner: 'another-gateway' }]);
    expect(world.cloud.calls).toMatchObject({ create: 0, stop: 0, destroy: 0, label: 0 });
  });

  it('goes on when the foreign machine is gone', async () => {
    const { world, gateway } = await begin();
    const foreign = world.cloud.add({ owner: 'another-gateway' });
    await gateway.pass(2 * MIN);
    expect(gateway.phase).toBe('failed');
    world.cloud.deleteByHand(foreign);
    await gateway.until('absent', 2 * MIN);
  });

  it('takes over the machine of GATEWAY_ADOPT_OWNER', async () => {
    const { world, gateway } = await begin({ pool: { adoptOwner: 'another-gateway' } });
    const id = world.cloud.add({ owner: 'another-gateway', fingerprint: 'fp-1' });
    void gateway.request();
    await gateway.until('ready', 10 * MIN);
    expect(world.cloud.machines()).toMatchObject([{ id, owner: 'owner-of-this-gateway', status: 'running' }]);
    expect(world.cloud.calls.create).toBe(0);
  });

  it('adopts the unlabelled machine of EXOSCALE_ADOPT_NAME', async () => {
    const { world, gateway } = await begin({ cloud: { adoptName: 'old-ollama' } });
    const id = world.cloud.add({ name: 'old-ollama', pool: null, owner: null });
    await gateway.until('stopped', 5 * MIN);
    expect(world.cloud.machines()).toMatchObject([{ id, owner: 'owner-of-this-gateway' }]);
  });

  it('adopts none of several machines of that name', async () => {
    const { world, gateway } = await begin({ cloud: { adoptName: 'old-ollama' } });
    world.cloud.add({ name: 'old-ollama', pool: null, owner: null });
    world.cloud.add({ name: 'old-ollama', pool: null, owner: null });
    await gateway.pass(2 * MIN);
    expect(await gateway.cold()).toMatchObject({ code: 'adopt_ambiguous' });
    expect(world.cloud.calls.label).toBe(0);
  });
});

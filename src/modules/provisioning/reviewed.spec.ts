/** Cases that an adversarial review found: each once left a machine running, forgot one, or asked the cloud in a hot loop. */
import { describe, expect, it } from '@jest/globals';
import { lifecycleSuite, MIN, SEC } from '../../../test/support/lifecycle-suite.js';
import type { Gateway, World } from '../../../test/support/pool-harness.js';
import { CloudError } from './ports/cloud.port.js';

const { begin } = lifecycleSuite();
const capacity = new CloudError('capacity', 'no host available');
const outage = new CloudError('transient', '500 internal');

function running(world: World) {
  return world.cloud.machines().filter(({ status }) => status === 'running');
}

async function beginStopped() {
  const both = await begin();
  await both.gateway.cold();
  await both.gateway.until('ready');
  await both.gateway.until('stopped');
  return both;
}

/** Somebody asks once a minute. */
async function ask(gateway: Gateway, minutes: number): Promise<void> {
  for (let minute = 0; minute < minutes && gateway.phase !== 'ready'; minute += 1) {
    void gateway.request();
    await gateway.pass(MIN);
  }
}

describe('a machine is not left running', () => {
  it('for a pull that always breaks off where it did before', async () => {
    const { world, gateway } = await begin();
    const pull = world.machines.pull.bind(world.machines);
    world.machines.pull = (url, model, onProgress, signal) => {
      onProgress(0.9);
      world.machines.failNext('pull', 'unreachable');
      return pull(url, model, onProgress, signal);
    };
    await gateway.cold();
    await gateway.pass(8 * 60 * MIN);
    expect(running(world)).toEqual([]);
  });

  it('when the cloud gives it no address', async () => {
    const { world, gateway } = await begin();
    const look = world.cloud.look.bind(world.cloud);
    world.cloud.look = async (request) => {
      const view = await look(request);
      return { ...view, recorded: view.recorded && { ...view.recorded, address: null } };
    };
    await gateway.cold();
    await gateway.pass(8 * 60 * MIN);
    expect(running(world)).toEqual([]);
  });
});

describe('a machine is not forgotten', () => {
  it('when it was to be replaced and its successor could not be made', async () => {
    const { world, gateway } = await beginStopped();
    world.cloud.failNext('start', capacity, 3);
    world.cloud.failNext('create', outage, 4);
    void gateway.request();
    await gateway.pass(11 * MIN);
    await ask(gateway, 10);
    await gateway.pass(60 * MIN);
    expect(world.cloud.machines()).toHaveLength(1);
  });
});

describe('the cloud is not asked in a hot loop', () => {
  it('for a machine whose creation fails and leaves nothing, and the cause is told', async () => {
    const { world, gateway } = await begin();
    world.cloud.failOperation('create', capacity, 1000, 'gone');
    await gateway.cold();
    await gateway.until('failed');
    expect(await gateway.cold()).toMatchObject({ code: 'capacity' });
    await gateway.pass(9 * MIN);
    expect(world.cloud.calls.create).toBeLessThan(12);
  });

  it('for a start whose jobs end as busy', async () => {
    const { world, gateway } = await begin();
    world.cloud.takes('start', 0);
    world.cloud.failOperation('start', new CloudError('conflict', 'busy'), 100_000);
    await gateway.cold();
    await gateway.pass(4 * MIN);
    expect(world.cloud.calls.start).toBeLessThan(100);
  });

  it('for a take-over that the key is not allowed to make, and that is told', async () => {
    const { world, gateway } = await begin({ pool: { adoptOwner: 'another-gateway' } });
    world.cloud.failNext('label', new CloudError('auth', 'Forbidden'), 1000);
    world.cloud.add({ owner: 'another-gateway', fingerprint: 'fp-1' });
    await gateway.pass(60 * MIN);
    expect(world.cloud.calls.label).toBeLessThan(20);
    expect(gateway.service.snapshot().failure?.code).toBe('auth');
  });
});

describe('a pause', () => {
  it('does not end a pull that takes longer than the deadline of a load without progress', async () => {
    const { world, gateway } = await begin({ tickMs: 5 * SEC });
    world.machines.pullTakes(40 * MIN);
    await gateway.cold();
    await gateway.until('loading');
    await gateway.pass(20 * MIN);
    world.clock.jump(20 * SEC);
    await gateway.pass(MIN);
    expect(gateway.phase).toBe('loading');
  });
});

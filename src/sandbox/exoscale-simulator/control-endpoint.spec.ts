import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { SimulatedCloud } from '../../../test/support/simulated-cloud.js';

describe('the control endpoint of the simulator', () => {
  let cloud: SimulatedCloud;
  beforeEach(async () => void (cloud = await SimulatedCloud.start()));
  afterEach(() => cloud.close());

  const control = async (name: string, args?: unknown): Promise<{ status: number; body: unknown }> => {
    const url = new URL(`/_control/${name}`, cloud.simulator.url);
    const response = await fetch(url, args === undefined ? {} : { method: 'POST', body: JSON.stringify(args) });
    return { status: response.status, body: await response.json() };
  };

  it('does over HTTP what the control does in the process', async () => {
    const labels = { pool: 'default', owner: 'somebody' };
    const { body } = await control('addInstance', [{ name: 'foreign', state: 'running', labels }]);
    expect(cloud.simulator.control.instances()).toMatchObject([{ name: 'foreign', state: 'running', labels }]);
    const id = (body as { result: string }).result;
    await control('setState', [id, 'migrating']);
    expect(await cloud.state(id)).toBe('migrating');
    await control('deleteByHand', [id]);
    expect((await control('instances')).body).toEqual({ result: [] });
  });

  it('orders faults and counts calls', async () => {
    await control('fault', [{ operation: 'list-quotas', times: 1, kind: 'status', status: 500 }]);
    expect((await cloud.api.get('/quota')).status).toBe(500);
    expect((await control('countCalls', ['list-quotas'])).body).toEqual({ result: 1 });
  });

  it.each([
    ['an unknown method', 'constructor', []],
    ['arguments that are no array', 'setListLagMs', { ms: 1 }],
    ['a state that does not exist', 'setState', ['x', 'asleep']],
    ['an instance that does not exist', 'stopByHand', ['x']],
  ])('refuses %s', async (_what, name, args) => {
    expect((await control(name, args)).status).toBeGreaterThanOrEqual(400);
  });
});

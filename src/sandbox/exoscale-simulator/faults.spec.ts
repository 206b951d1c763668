/** Faults over real sockets: what the gateway's client meets on a bad day. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { SimulatedCloud } from '../../../test/support/simulated-cloud.js';
import { until } from '../../../test/support/until.js';

describe('a fault of the simulated API', () => {
  let cloud: SimulatedCloud;
  beforeEach(async () => void (cloud = await SimulatedCloud.start()));
  afterEach(() => cloud.close());

  const create = async () => cloud.api.call('POST', '/instance', await cloud.createBody());
  const count = () => cloud.simulator.control.instances().length;

  it('happens as often as it was ordered, and then no more', async () => {
    const order = { status: 503, body: { message: 'later' }, headers: { 'Retry-After': '7' } };
    cloud.simulator.control.fault({ operation: 'list-instances', times: 2, kind: 'status', ...order });
    const first = await cloud.api.get('/instance');
    expect(first).toMatchObject({ status: 503, body: { message: 'later' } });
    expect(first.headers.get('retry-after')).toBe('7');
    expect((await cloud.api.get('/instance')).status).toBe(503);
    expect((await cloud.api.get('/instance')).status).toBe(200);
  });

  it('leaves other operations alone, unless it is for all', async () => {
    cloud.simulator.control.fault({ operation: 'get-instance', times: 1, kind: 'status', status: 500 });
    expect((await cloud.api.get('/instance')).status).toBe(200);
    cloud.simulator.control.clearFaults();
    cloud.simulator.control.fault({ operation: '*', times: 1, kind: 'status', status: 500 });
    expect((await cloud.api.get('/instance')).status).toBe(500);
  });

  it('is not used up by a call whose signature is wrong', async () => {
    cloud.simulator.control.fault({ operation: 'list-instances', times: 1, kind: 'status', status: 500 });
    expect((await fetch(`${cloud.simulator.url}/instance`)).status).toBe(403);
    expect((await cloud.api.get('/instance')).status).toBe(500);
  });

  it('cuts the connection before the call has an effect', async () => {
    cloud.simulator.control.fault({ operation: 'create-instance', times: 1, kind: 'reset-before' });
    await expect(create()).rejects.toThrow('fetch failed');
    expect(count()).toBe(0);
  });

  it('cuts the connection after the call had its effect', async () => {
    cloud.simulator.control.fault({ operation: 'create-instance', times: 1, kind: 'reset-after' });
    await expect(create()).rejects.toThrow('fetch failed');
    expect(count()).toBe(1);
    expect(cloud.simulator.control.calls().at(-1)).toMatchObject({ operationId: 'create-instance', status: null });
  });

  it.each([
    { kind: 'hang' as const, effect: 0 },
    { kind: 'hang-after' as const, effect: 1 },
  ])('$kind never answers, with $effect instance created', async ({ kind, effect }) => {
    cloud.simulator.control.fault({ operation: 'create-instance', times: 1, kind });
    const answer = create().then(
      () => 'answered',
      () => 'cut',
    );
    await until(() => cloud.simulator.control.countCalls('create-instance') === 1);
    expect(count()).toBe(effect);
    await cloud.close();
    expect(await answer).toBe('cut');
  });

  it('makes an operation fail, and the instance what it was before', async () => {
    const id = await cloud.created();
    const result = { state: 'failure', reason: 'unavailable', message: 'No capacity' } as const;
    cloud.simulator.control.fault({ operation: 'start-instance', times: 1, kind: 'operation', result });
    const { body } = await cloud.api.call('PUT', `/instance/${id}:start`, {});
    expect(body).toMatchObject({ state: 'pending' });
    await cloud.settle();
    expect((await cloud.api.get(`/operation/${body.id}`)).body).toMatchObject(result);
    expect(await cloud.state(id)).toBe('stopped');
    expect((await cloud.api.call('PUT', `/instance/${id}:start`, {})).status).toBe(200);
  });

  it('leaves an instance in `error` when its creation fails', async () => {
    cloud.simulator.control.fault({
      operation: 'create-instance',
      times: 1,
      kind: 'operation',
      result: { state: 'failure' },
    });
    const id = await cloud.created();
    expect(await cloud.state(id)).toBe('error');
    expect((await cloud.api.call('DELETE', `/instance/${id}`)).status).toBe(200);
  });

  it('lets an operation time out although the work is done later', async () => {
    const id = await cloud.created();
    cloud.simulator.control.fault({
      operation: 'start-instance',
      times: 1,
      kind: 'operation',
      result: { state: 'timeout' },
    });
    const { body } = await cloud.api.call('PUT', `/instance/${id}:start`, {});
    await cloud.settle();
    expect((await cloud.api.get(`/operation/${body.id}`)).body).toMatchObject({ state: 'timeout' });
    expect(await cloud.state(id)).toBe('starting');
    await cloud.settle();
    expect(await cloud.state(id)).toBe('running');
  });
});

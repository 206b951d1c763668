/** The life of a simulated instance: what is allowed when, what is visible when, and what the meter says. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { SimulatedCloud } from '../../../test/support/simulated-cloud.js';

describe('a simulated instance', () => {
  let cloud: SimulatedCloud;
  beforeEach(async () => void (cloud = await SimulatedCloud.start()));
  afterEach(() => cloud.close());

  const act = (id: string, verb: 'start' | 'stop') =>
    cloud.api.call('PUT', `/instance/${id}:${verb}`, verb === 'start' ? {} : undefined);
  const remove = (id: string) => cloud.api.call('DELETE', `/instance/${id}`);
  const running = async (): Promise<string> => {
    const id = await cloud.created();
    await act(id, 'start');
    await cloud.settle();
    return id;
  };
  const listed = async (): Promise<string[]> => (await cloud.api.get('/instance')).body.instances.map((one) => one.id);

  it('has its id in the first answer and can be read before its operation has ended', async () => {
    const { body } = await cloud.api.call('POST', '/instance', await cloud.createBody());
    expect(body).toMatchObject({ state: 'pending', reference: { command: 'create-instance' } });
    expect(await cloud.state(body.reference.id)).toBe('stopped');
    expect((await cloud.api.get(`/operation/${body.id}`)).body).toMatchObject({ state: 'pending' });
    await cloud.settle();
    expect((await cloud.api.get(`/operation/${body.id}`)).body).toMatchObject({ state: 'success' });
  });

  it('is not started by a start that comes before the creation has settled', async () => {
    const { body } = await cloud.api.call('POST', '/instance', await cloud.createBody());
    expect((await act(body.reference.id, 'start')).status).toBe(409);
  });

  it('starts by itself unless told not to', async () => {
    const { body } = await cloud.api.call('POST', '/instance', await cloud.createBody({ 'auto-start': undefined }));
    expect(await cloud.state(body.reference.id)).toBe('starting');
    await cloud.settle();
    expect(await cloud.state(body.reference.id)).toBe('running');
  });

  it('gets a new address with every start', async () => {
    const id = await running();
    const first = (await cloud.api.get(`/instance/${id}`)).body['public-ip'];
    await act(id, 'stop');
    await cloud.settle();
    await act(id, 'start');
    await cloud.settle();
    const second = (await cloud.api.get(`/instance/${id}`)).body['public-ip'];
    expect(second).not.toBe(first);
  });

  it('gives its machine the user-data that it has at that start', async () => {
    const given: (string | null)[] = [];
    const start = (_id: string, userData: string | null): Promise<string> => {
      given.push(userData);
      return Promise.resolve('203.0.113.1');
    };
    await cloud.close();
    cloud = await SimulatedCloud.start({ machines: { start, stop: () => Promise.resolve() } });
    const [first, second] = ['Zmlyc3Q=', 'c2Vjb25k'];
    const id = await cloud.created({ 'user-data': first });
    await cloud.simulator.control.startByHand(id);
    await act(id, 'stop');
    await cloud.settle();
    await cloud.api.call('PUT', `/instance/${id}`, { 'user-data': second });
    await cloud.settle();
    await act(id, 'start');
    await cloud.settle();
    expect(given).toEqual([first, second]);
  });

  it('passes through the transient states, and refuses everything in them', async () => {
    const id = await cloud.created();
    await act(id, 'start');
    expect(await cloud.state(id)).toBe('starting');
    expect((await act(id, 'start')).status).toBe(409);
    expect((await remove(id)).status).toBe(409);
    await cloud.settle();
    await act(id, 'stop');
    expect(await cloud.state(id)).toBe('stopping');
    expect((await act(id, 'start')).status).toBe(409);
  });

  it('answers a stop of what is not running with 400 and the words of the API', async () => {
    const id = await cloud.created();
    const answer = await act(id, 'stop');
    expect(answer).toMatchObject({ status: 400, body: { message: 'Only running instances can be stopped.' } });
  });

  it('is still there while it is destroyed and a 404 afterwards', async () => {
    const id = await running();
    await remove(id);
    expect(await cloud.state(id)).toBe('destroying');
    await cloud.settle();
    expect((await cloud.api.get(`/instance/${id}`)).status).toBe(404);
    expect(await listed()).toEqual([]);
    expect((await act(id, 'start')).status).toBe(404);
  });

  it('may share its name with another', async () => {
    expect(await cloud.created({ name: 'twin' })).not.toBe(await cloud.created({ name: 'twin' }));
  });

  it('shows disk size and user-data only when it is read by id', async () => {
    const id = await cloud.created({ 'user-data': 'I2Nsb3Vk' });
    const [item] = (await cloud.api.get('/instance')).body.instances;
    expect(item).not.toHaveProperty('user-data');
    expect(item).not.toHaveProperty('disk-size');
    expect((await cloud.api.get(`/instance/${id}`)).body).toMatchObject({ 'user-data': 'I2Nsb3Vk', 'disk-size': 50 });
  });

  it('has its labels replaced as a whole by an update', async () => {
    const id = await cloud.created({ labels: { pool: 'a', owner: 'b' } });
    await cloud.api.call('PUT', `/instance/${id}`, { labels: { pool: 'c' } });
    await cloud.settle();
    expect((await cloud.api.get(`/instance/${id}`)).body.labels).toEqual({ pool: 'c' });
    await cloud.api.call('PUT', `/instance/${id}`, { labels: null });
    await cloud.settle();
    expect((await cloud.api.get(`/instance/${id}`)).body.labels).toEqual({});
  });

  it('appears in a lagging list later than under its id, and stays there longer', async () => {
    cloud.simulator.control.setListLagMs(8000);
    const id = await cloud.created();
    expect(await listed()).toEqual([]);
    expect(await cloud.state(id)).toBe('stopped');
    await cloud.clock.advance(8000);
    expect(await listed()).toEqual([id]);
    await cloud.simulator.control.deleteByHand(id);
    expect(await listed()).toEqual([id]);
    await cloud.clock.advance(8000);
    expect(await listed()).toEqual([]);
  });

  it('is refused over the quota, with the quota named', async () => {
    cloud.simulator.control.setQuota('gpua5000', 1);
    await cloud.created();
    const { status, body } = await cloud.api.call('POST', '/instance', await cloud.createBody());
    expect(status).toBe(409);
    expect(body.message).toContain('gpua5000');
  });

  it('is billed from the accepted start to the confirmed stop, and not while it is only created', async () => {
    const id = await cloud.created();
    expect(cloud.simulator.control.billed()).toEqual([]);
    const fromMs = cloud.clock.nowMs();
    await act(id, 'start');
    await cloud.clock.advance(60_000);
    await act(id, 'stop');
    await cloud.settle();
    expect(cloud.simulator.control.billed()).toEqual([{ instanceId: id, fromMs, toMs: fromMs + 61_000 }]);
    expect(cloud.simulator.control.maxConcurrentBilled()).toBe(1);
  });

  it('convicts a gateway that lets two machines run', async () => {
    await running();
    await running();
    expect(cloud.simulator.control.maxConcurrentBilled()).toBe(2);
  });

  it('that was stopped by hand while it started does not run afterwards', async () => {
    const id = await cloud.created();
    const { body } = await act(id, 'start');
    await cloud.simulator.control.stopByHand(id);
    await cloud.settle();
    expect(await cloud.state(id)).toBe('stopped');
    expect((await cloud.api.get(`/operation/${body.id}`)).body).toMatchObject({
      state: 'failure',
      reason: 'interrupted',
    });
  });
});

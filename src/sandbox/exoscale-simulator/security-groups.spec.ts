import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { SimulatedCloud } from '../../../test/support/simulated-cloud.js';

const RULE = {
  'flow-direction': 'ingress',
  protocol: 'tcp',
  'start-port': 11434,
  'end-port': 11434,
  network: '0.0.0.0/0',
};

describe('a simulated security group', () => {
  let cloud: SimulatedCloud;
  beforeEach(async () => void (cloud = await SimulatedCloud.start()));
  afterEach(() => cloud.close());

  const created = async (name: string): Promise<string> => {
    const { body } = await cloud.api.call('POST', '/security-group', { name });
    await cloud.settle();
    return body.reference.id;
  };

  it('comes back with its name in lower case', async () => {
    const id = await created('Ollama-Pool');
    expect((await cloud.api.get(`/security-group/${id}`)).body).toMatchObject({ name: 'ollama-pool', rules: [] });
  });

  it('is not there before its operation has ended', async () => {
    const { body } = await cloud.api.call('POST', '/security-group', { name: 'later' });
    expect((await cloud.api.get(`/security-group/${body.reference.id}`)).status).toBe(404);
  });

  it('cannot have the name of another', async () => {
    await created('one');
    expect((await cloud.api.call('POST', '/security-group', { name: 'ONE' })).status).toBe(409);
  });

  it('gets and loses rules, whose ids are found by reading it again', async () => {
    const id = await created('one');
    await cloud.api.call('POST', `/security-group/${id}/rules`, RULE);
    await cloud.settle();
    const [rule] = (await cloud.api.get(`/security-group/${id}`)).body.rules;
    expect(rule).toMatchObject(RULE);
    await cloud.api.call('DELETE', `/security-group/${id}/rules/${rule?.id}`);
    await cloud.settle();
    expect((await cloud.api.get(`/security-group/${id}`)).body.rules).toEqual([]);
  });

  it.each([
    ['no direction', { 'flow-direction': undefined }],
    ['an unknown protocol', { protocol: 'http' }],
    ['no port', { 'start-port': undefined }],
    ['ports in the wrong order', { 'start-port': 2, 'end-port': 1 }],
    ['no source', { network: undefined }],
    ['two sources', { 'security-group': { id: '0b12cb6b-7e3e-4c0e-9e10-1e5d8a7c4b2a' } }],
    ['a source that is no network', { network: '10.0.0.0/33' }],
  ])('refuses a rule with %s', async (_what, change) => {
    const id = await created('one');
    expect((await cloud.api.call('POST', `/security-group/${id}/rules`, { ...RULE, ...change })).status).toBe(400);
  });

  it('cannot be deleted while an instance uses it', async () => {
    const id = await created('one');
    const instance = await cloud.created({ 'security-groups': [{ id }] });
    expect((await cloud.api.call('DELETE', `/security-group/${id}`)).status).toBe(412);
    await cloud.simulator.control.deleteByHand(instance);
    expect((await cloud.api.call('DELETE', `/security-group/${id}`)).status).toBe(200);
  });

  it('must exist for an instance to be created in it', async () => {
    const unknown = [{ id: '0b12cb6b-7e3e-4c0e-9e10-1e5d8a7c4b2a' }];
    const body = await cloud.createBody({ 'security-groups': unknown });
    expect((await cloud.api.call('POST', '/instance', body)).status).toBe(404);
  });
});

/**
 * Holds the Exoscale simulator against the provider's own description: every answer of a session that visits each
 * operation must fit the schema in ../shared (it is not part of this repository).
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ROUTES } from '../../src/sandbox/exoscale-simulator/routes.js';
import { OpenApiDocument } from '../support/openapi-document.js';
import { SimulatedCloud } from '../support/simulated-cloud.js';
import type { WireBody } from '../support/signed-client.js';

const SCHEMA_FILE = new URL('../../../shared/reference/exoscale-openapi-subset.json', import.meta.url);

const RULE = {
  'flow-direction': 'ingress',
  protocol: 'tcp',
  'start-port': 8443,
  'end-port': 8443,
  network: '0.0.0.0/0',
  description: 'link',
};

describe('the answers of the Exoscale simulator', () => {
  let cloud: SimulatedCloud;
  const document = new OpenApiDocument(SCHEMA_FILE);
  const visited = new Set<string>();

  beforeAll(async () => void (cloud = await SimulatedCloud.start({ sshKeys: ['mine'] })));
  afterAll(() => cloud.close());

  /** Calls an operation by its name; its answer must be a 200 that fits the description. */
  const call = async (operationId: string, params: string[] = [], body?: unknown): Promise<WireBody> => {
    const { method, path } = document.operation(operationId);
    const values = [...params];
    const reply = await cloud.api.call(
      method.toUpperCase(),
      path.replace(/\{[^}]+\}/g, () => values.shift() ?? ''),
      body,
    );
    expect({ operationId, status: reply.status }).toEqual({ operationId, status: 200 });
    expect({ operationId, faults: document.faultsOf(operationId, reply.body) }).toEqual({ operationId, faults: [] });
    visited.add(operationId);
    return reply.body;
  };
  /** Calls an asynchronous operation and reads its job while it is pending and when it has ended. */
  const run = async (operationId: string, params: string[] = [], body?: unknown): Promise<string> => {
    const job = await call(operationId, params, body);
    expect((await call('get-operation', [job.id])).state).toBe('pending');
    await cloud.settle();
    expect((await call('get-operation', [job.id])).state).toBe('success');
    return job.reference.id;
  };

  it('fit the description in the catalogue', async () => {
    await call('list-zones');
    const types = (await call('list-instance-types'))['instance-types'];
    for (const type of types) await call('get-instance-type', [type.id]);
    const { templates } = await call('list-templates');
    await call('get-template', [templates[0]?.id ?? '']);
    await call('list-quotas');
    await call('get-quota', ['gpua5000']);
  });

  it('fit the description without a signature, where the API needs none', async () => {
    for (const operationId of ['list-zones', 'list-instance-types']) {
      const response = await fetch(cloud.simulator.url + document.operation(operationId).path);
      expect(document.faultsOf(operationId, await response.json())).toEqual([]);
    }
  });

  it('fit the description through the life of a security group and of an instance', async () => {
    const group = await run('create-security-group', [], {
      name: 'ollama-exoscale-default-0123abcd',
      description: 'x',
    });
    await run('add-rule-to-security-group', [group], RULE);
    const { rules } = await call('get-security-group', [group]);
    await run('delete-rule-from-security-group', [group, rules[0]?.id ?? '']);
    await call('list-security-groups');

    const body = await cloud.createBody({
      labels: { 'managed-by': 'ollama-exoscale', pool: 'default' },
      'user-data': 'I2Nsb3VkLWNvbmZpZw==',
      'security-groups': [{ id: group }],
      'ssh-keys': [{ name: 'mine' }],
    });
    const id = await run('create-instance', [], body);
    const look = async (): Promise<void> => {
      await call('list-instances');
      await call('get-instance', [id]);
    };
    await look();
    await run('update-instance', [id], { labels: { pool: 'other' }, name: 'other' });
    await run('start-instance', [id], {});
    await look();
    await run('stop-instance', [id]);
    await look();
    await run('delete-instance', [id]);
    await run('delete-security-group', [group]);
  });

  it('fit the description when a job fails or times out', async () => {
    for (const result of [
      { state: 'failure', reason: 'unavailable', message: 'no capacity' },
      { state: 'timeout' },
    ] as const) {
      const id = await cloud.created();
      cloud.simulator.control.fault({ operation: 'start-instance', times: 1, kind: 'operation', result });
      const job = await call('start-instance', [id], {});
      await cloud.settle();
      expect(await call('get-operation', [job.id])).toMatchObject(result);
    }
  });

  it('fit the description in every state of an instance', async () => {
    const id = await cloud.simulator.control.addInstance();
    for (const state of ['starting', 'running', 'stopping', 'migrating', 'error', 'destroying', 'expunging'] as const) {
      await cloud.simulator.control.setState(id, state);
      expect((await call('get-instance', [id])).state).toBe(state);
      await call('list-instances');
    }
  });

  it('have been looked at for every operation that the simulator knows', () => {
    expect([...visited].sort()).toEqual(ROUTES.map((one) => one.operationId).sort());
  });

  it('would be found wrong if they were: an unknown field, a wrong enumeration, a number for a string', () => {
    const wrong = { id: 'x', state: 'done', labels: { pool: 1 }, colour: 'red' };
    expect(document.faultsOf('get-instance', wrong)).toHaveLength(4);
  });
});

/**
 * docs/iam-policy.json is enough for everything that the gateway asks of the cloud, and has nothing to spare: the adapter
 * under the simulator that enforces it, whole and with each operation taken away.
 */
import { afterEach, describe, expect, it } from '@jest/globals';
import type { CloudError, CloudPort } from '../../src/modules/provisioning/ports/cloud.port.js';
import { type IamPolicy, IamRole } from '../../src/sandbox/exoscale-simulator/iam-policy.js';
import { atEnd, endEverything } from '../support/endings.js';
import { ALLOWED_OPERATIONS, LEAST_PRIVILEGE, policyWithout } from '../support/least-privilege.js';
import { type SimulatedAccount, startSimulatedAccount } from '../support/simulated-account.js';

const GPU = { instanceType: 'a5000.small' };
const LAUNCH = { launchId: '0d7f5c1a-6d0e-4f0e-9d6b-0c2f1f9f2a11', owner: 'owner-under-test' };
const OTHER_NETWORK = { link: { port: 8443, cidrs: ['198.51.100.0/24'] } };

afterEach(endEverything);

async function accountUnder(policy?: IamPolicy): Promise<SimulatedAccount> {
  const account = await startSimulatedAccount(GPU, { policy });
  atEnd(() => account.close());
  return account;
}

/** `done`, or how a call of the port failed. */
const outcome = (call: Promise<unknown>): Promise<string> =>
  call.then(
    () => 'done',
    ({ kind, details }: CloudError) => details.code ?? kind,
  );

/** All that the gateway ever asks of a cloud, with how each of it went. */
async function wholeLife(account: SimulatedAccount): Promise<string[]> {
  const { cloud, clock, control } = account;
  const settled = () => clock.advance(10_000);
  const ids: string[] = [];
  const create = async (by: CloudPort): Promise<string> =>
    outcome(by.create(LAUNCH).then(({ instanceId }) => ids.push(instanceId)));
  const findings = (await cloud.preflight(LAUNCH.owner)).map(({ check, level }) => `${check}: ${level}`);
  const went = [...findings, await create(cloud)];
  await settled();
  const id = ids[0] ?? (await control.addInstance());
  const acts = [
    () => cloud.label(id, LAUNCH),
    () => cloud.start(id),
    () => cloud.look({ instanceId: id, operationId: '99999999-9999-4999-8999-999999999999' }),
    () => cloud.stop(id),
    () => cloud.destroy(id),
  ];
  for (const act of acts) {
    went.push(await outcome(act()));
    await settled();
  }
  // The networks of the link have changed: one rule more and one less.
  went.push(await create(account.cloudWith(OTHER_NETWORK)));
  control.setQuota('gpua5000', 0);
  return [...went, await create(cloud)];
}

describe('the key with docs/iam-policy.json', () => {
  it('can do all that a key with every right can do for the gateway', async () => {
    const free = await wholeLife(await accountUnder());
    const account = await accountUnder(LEAST_PRIVILEGE);
    expect(await wholeLife(account)).toEqual(free);
    expect(free.slice(-7)).toEqual(['done', 'done', 'done', 'done', 'done', 'done', 'quota_exceeded']);
    expect(account.control.calls().filter(({ status }) => status === 403)).toEqual([]);
  });

  it.each(ALLOWED_OPERATIONS)('needs %s', async (operation) => {
    const free = await wholeLife(await accountUnder());
    const account = await accountUnder(policyWithout(operation));
    expect(await wholeLife(account)).not.toEqual(free);
    const refused = account.control.calls().filter(({ status }) => status === 403);
    expect(new Set(refused.map(({ operationId }) => operationId))).toEqual(new Set([operation]));
  });

  it.each([
    'list-zones',
    'get-template',
    'list-quotas',
    'delete-security-group',
    'reset-instance',
    'scale-instance',
    'resize-instance-disk',
    'create-snapshot',
    'reveal-instance-password',
    'get-console-proxy-url',
    'register-ssh-key',
    'create-instance-pool',
    'list-events',
  ])('cannot %s', (operation) => {
    expect(new IamRole(LEAST_PRIVILEGE).allows(operation)).toBe(false);
  });

  it('has no rights in any other service', () => {
    expect(LEAST_PRIVILEGE).toMatchObject({ 'default-service-strategy': 'deny' });
    expect(Object.keys(LEAST_PRIVILEGE.services)).toEqual(['compute']);
  });
});

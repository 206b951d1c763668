import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type SimulatedAccount, startSimulatedAccount } from '../../../test/support/simulated-account.js';
import type { CloudFinding, CloudPort } from '../provisioning/ports/cloud.port.js';

const OWNER = 'a1b2c3d4-e5f6-4711-8899-aabbccddeeff';

describe('the pre-flight', () => {
  let account: SimulatedAccount;
  beforeEach(async () => {
    account = await startSimulatedAccount({ instanceType: 'a5000.small' });
  });
  afterEach(() => account.close());
  const check = async (cloud: CloudPort = account.cloud) =>
    (await cloud.preflight(OWNER)).map((one) => `${one.check} ${one.level}${one.code ? ` ${one.code}` : ''}`);
  const find = async (name: CloudFinding['check'], cloud: CloudPort = account.cloud) =>
    (await cloud.preflight(OWNER)).find((one) => one.check === name);

  it('finds nothing wrong with a good account, and changes nothing', async () => {
    expect(await check()).toEqual([
      'credentials ok',
      'clock ok',
      'zone ok',
      'instance_type ok',
      'quota ok',
      'template ok',
      'leftovers ok',
    ]);
    expect(account.control.calls().every((call) => call.method === 'GET')).toBe(true);
  });

  it('finds a wrong key', async () => {
    const cloud = account.cloudWith({ credentials: { key: 'EXOsimulated', secret: 'wrong' } });
    expect(await find('credentials', cloud)).toMatchObject({
      level: 'error',
      code: 'auth',
      message: expect.stringContaining('Invalid request signature'),
    });
  });

  it('finds a quota of 0', async () => {
    account.control.setQuota('gpua5000', 0);
    expect(await check()).toContain('quota error quota_exceeded');
  });

  it('finds a type that is not authorized', async () => {
    account.control.setAuthorized('gpua5000.small', false);
    expect(await check()).toContain('instance_type error type_not_authorized');
  });

  it.each([
    { settings: { instanceType: 'a6000.small' }, finding: 'instance_type error invalid_type' },
    { settings: { template: 'Windows 3.11' }, finding: 'template error invalid_template' },
  ])('finds that $settings does not exist', async ({ settings, finding }) => {
    expect(await check(account.cloudWith(settings))).toContain(finding);
  });

  it('finds that the zone does not exist, and says it once', async () => {
    const findings = await check(account.cloudWith({ zone: 'xx-yyy-9' }));
    expect(findings.filter((one) => one.includes('invalid_zone'))).toEqual(['zone error invalid_zone']);
  });

  it('finds the machine of another gateway', async () => {
    const labels = { 'managed-by': 'ollama-exoscale', pool: 'default', owner: 'another-gateway' };
    await account.control.addInstance({ labels });
    expect(await check()).toContain('leftovers error pool_in_use');
    expect((await find('leftovers'))?.message).toContain('another-gateway');
  });

  it('reports checks that could not be made as such', async () => {
    account.control.fault({
      operation: '*',
      times: 999,
      kind: 'status',
      status: 503,
      body: { message: 'maintenance' },
    });
    const findings = await account.cloud.preflight(OWNER);
    expect(findings.filter((one) => one.level === 'error')).toEqual([]);
    expect(findings.find((one) => one.check === 'credentials')).toMatchObject({
      level: 'warning',
      message: 'could not be checked: Exoscale answered 503 to list-instances: maintenance',
    });
  });
});

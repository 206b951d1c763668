import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type SimulatedAccount, startSimulatedAccount } from '../../../test/support/simulated-account.js';
import type { ErrorCode } from '../../common/errors/catalogue.js';
import type { CloudError } from '../provisioning/ports/cloud.port.js';
import { InstanceTypeResolver } from './instance-type-resolver.js';
import { ZoneCheck } from './zone-check.js';

describe('the instance type', () => {
  let account: SimulatedAccount;
  const resolver = (zone = 'at-vie-2') =>
    new InstanceTypeResolver(account.client, new ZoneCheck(account.client, account.clock, zone), zone);
  const refusal = (name: string, zone?: string): Promise<{ code?: ErrorCode; message: string }> =>
    resolver(zone)
      .resolve(name)
      .then(
        () => ({ message: 'resolved' }),
        (error: CloudError) => ({ ...error.details, message: error.message }),
      );
  beforeEach(async () => {
    account = await startSimulatedAccount();
  });
  afterEach(() => account.close());

  it.each([
    { name: 'gpua5000.small', full: 'gpua5000.small', gpu: true },
    { name: 'a5000.small', full: 'gpua5000.small', gpu: true },
    { name: '3080ti.medium', full: 'gpu3080ti.medium', gpu: true },
    { name: 'standard.tiny', full: 'standard.tiny', gpu: false },
    { name: 'cpu.extra-large', full: 'cpu.extra-large', gpu: false },
  ])('$name is found as $full', async ({ name, full, gpu }) => {
    expect(await resolver().resolve(name)).toMatchObject({ name: full, gpu });
  });

  it('that does not exist is answered with those that do', async () => {
    const { code, message } = await refusal('a6000.small');
    expect(code).toBe('invalid_type');
    expect(message).toContain('a6000.small does not exist; at-vie-2 has cpu.extra-large,');
    expect(message).toContain('gpua5000.small');
    expect(message).not.toContain('gpu3.small');
  });

  it('of another zone is answered with where it is', async () => {
    const { code, message } = await refusal('gpu3.small');
    expect(code).toBe('invalid_type');
    expect(message).toContain('gpu3.small is not offered in at-vie-2, but in de-fra-1; at-vie-2 has');
  });

  it('in a zone that does not exist is a matter of the zone', async () => {
    expect((await refusal('a5000.small', 'xx-yyy-9')).code).toBe('invalid_zone');
  });

  it('with a quota of 0 says that support raises it', async () => {
    account.control.setQuota('gpua5000', 0);
    const { code, message } = await refusal('a5000.small');
    expect(code).toBe('quota_exceeded');
    expect(message).toContain('gpua5000');
    expect(message).toContain('0 until Exoscale support raises them: open a ticket');
  });

  it('that the organization may not use is told from an unknown one', async () => {
    account.control.setAuthorized('gpua5000.small', false);
    expect((await refusal('a5000.small')).code).toBe('type_not_authorized');
  });

  it('does not need the right to read quotas', async () => {
    account.control.fault({ operation: 'get-quota', times: 1, kind: 'status', status: 403, body: { message: 'no' } });
    expect(await resolver().resolve('a5000.small')).toMatchObject({ name: 'gpua5000.small' });
  });
});

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type SimulatedAccount, startSimulatedAccount } from '../../../test/support/simulated-account.js';
import { CloudError } from '../provisioning/ports/cloud.port.js';
import { ZoneCheck } from './zone-check.js';

describe('the check of the zone', () => {
  let account: SimulatedAccount;
  const checkOf = (zone: string) => new ZoneCheck(account.client, account.clock, zone);
  beforeEach(async () => {
    account = await startSimulatedAccount();
  });
  afterEach(() => account.close());

  it('is content with a zone that exists', async () => {
    expect(await checkOf('at-vie-2').unknownZone()).toBeNull();
  });

  it('names the zones that exist when the configured one does not', async () => {
    const error = await checkOf('xx-yyy-9').unknownZone();
    expect(error).toMatchObject({ kind: 'invalid', details: { code: 'invalid_zone' } });
    expect(error?.message).toContain('xx-yyy-9 is no Exoscale zone; there are at-vie-1, at-vie-2,');
  });

  it('asks without a signature, as a restricted key may not list zones', async () => {
    await checkOf('at-vie-2').unknownZone();
    expect(account.control.calls()).toMatchObject([{ operationId: 'list-zones', signed: false }]);
  });

  it('cannot tell when the other zone is in trouble, too', async () => {
    account.control.fault({ operation: 'list-zones', times: 4, kind: 'status', status: 500 });
    const outage = new CloudError('transient', 'no answer');
    expect(await checkOf('xx-yyy-9').explain(outage)).toBe(outage);
  });

  it('does not ask again and again during an outage', async () => {
    const check = checkOf('at-vie-2');
    for (let count = 0; count < 5; count += 1) await check.explain(new CloudError('transient', 'no answer'));
    expect(account.control.countCalls('list-zones')).toBe(1);
    await account.clock.advance(61_000);
    await check.unknownZone();
    expect(account.control.countCalls('list-zones')).toBe(2);
  });

  it.each([
    ['that has another reason', new CloudError('auth', 'no')],
    ['of a call that somebody took', new CloudError('transient', 'cut', { ambiguous: true })],
    ['of our own', new TypeError('oops')],
  ])('leaves an error %s alone', async (_title, error) => {
    expect(await checkOf('xx-yyy-9').explain(error)).toBe(error);
    expect(account.control.countCalls('list-zones')).toBe(0);
  });
});

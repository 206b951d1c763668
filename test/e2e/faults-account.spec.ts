/** What a person must mend: named in the answer, not hammered at, and over as soon as it is mended. */
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import type { SimulatorControl } from '../../src/sandbox/exoscale-simulator/simulator-control.js';
import { endEverything } from '../support/endings.js';
import { eventually } from '../support/eventually.js';
import type { Status } from '../support/gateway-process.js';
import { TestBed } from '../support/test-bed.js';

jest.setTimeout(60_000);
afterEach(endEverything);

interface Fault {
  what: string;
  code: string;
  /** What the answer must say beside the gateway's own sentence. */
  says: RegExp;
  env?: Record<string, string>;
  account?: (cloud: SimulatorControl) => void;
  /** Only the create itself can tell. */
  unforeseen?: true;
}

const FAULTS: Fault[] = [
  {
    what: 'a key that the API does not accept',
    code: 'auth',
    says: /Exoscale answered 403 to list-instances: Invalid request signature/,
    env: { EXOSCALE_API_SECRET: 'not-the-secret' },
  },
  {
    what: 'an instance type that does not exist',
    code: 'invalid_type',
    says: /a9999\.small does not exist; at-vie-2 has .*gpua5000\.small/,
    env: { EXOSCALE_INSTANCE_TYPE: 'a9999.small' },
  },
  {
    what: 'a template that does not exist',
    code: 'invalid_template',
    says: /"No such image" does not exist in this zone; there are .*Linux Ubuntu 24\.04 LTS 64-bit/,
    env: { EXOSCALE_TEMPLATE: 'No such image' },
  },
  {
    what: 'a zone that does not exist',
    code: 'invalid_zone',
    says: /at-vie-9 is no Exoscale zone; there are .*at-vie-2/,
    env: { EXOSCALE_ZONE: 'at-vie-9' },
  },
  {
    what: 'a GPU quota of 0',
    code: 'quota_exceeded',
    says: /The quota for gpua5000 of this organization is 0\. GPU quotas are 0 until Exoscale support raises them/,
    account: (cloud) => cloud.setQuota('gpua5000', 0),
  },
  {
    what: 'a GPU quota that is used up',
    code: 'quota_exceeded',
    says: /Quota exceeded/,
    account: (cloud) => cloud.setQuota('gpua5000', 1),
    env: { EXOSCALE_INSTANCE_TYPE: 'a5000.medium' },
    unforeseen: true,
  },
  {
    what: 'a type that the organization is not authorized for',
    code: 'type_not_authorized',
    says: /not authorized for gpua5000\.small: ask Exoscale support/,
    account: (cloud) => cloud.setAuthorized('gpua5000.small', false),
  },
  {
    what: 'a disk size that the API refuses',
    code: 'cloud_rejected',
    unforeseen: true,
    says: /Exoscale answered 400 to create-instance: Invalid disk size/,
    account: (cloud) =>
      cloud.fault({
        operation: 'create-instance',
        times: 1,
        kind: 'status',
        status: 400,
        body: { message: 'Invalid disk size' },
      }),
  },
];

describe('what a person must mend', () => {
  it.each(FAULTS)('$what is named with the code $code, and nothing is spent', async (fault) => {
    const { code, says, env, account, unforeseen } = fault;
    const bed = await TestBed.prepare({ env });
    account?.(bed.cloud);
    await bed.startGateway();
    if (!unforeseen) {
      const found = (now: Status): boolean => now.preflight.some((one) => one.level === 'error' && one.code === code);
      expect((await bed.gateway.until('it is found before anybody asks', found)).phase).toBe('absent');
    }
    await bed.ollama.generate();
    const status = await bed.gateway.until('the failure', (now) => now.code === code);
    expect(status).toMatchObject({ provisioning_status: 'error', phase: 'failed', wanted: false, remote_url: null });
    expect(status.error).toMatch(says);

    const reply = await bed.ollama.generate();
    expect([reply.status, reply.headers['x-gateway-error']]).toEqual([503, code]);
    expect(reply.json()).toMatchObject({ provisioning: false, status: 'error', code });
    expect(reply.json().error).toBe(status.error);
    expect(reply.text).not.toContain('\n');
    expect(bed.cloud.billed()).toEqual([]);
    expect(bed.cloud.instances()).toEqual([]);
    // A gateway that is asleep for a good reason is no reason to restart it.
    expect((await bed.ollama.get('/health/ready')).status).toBe(200);
  });

  it('is not tried again by a client that hammers', async () => {
    const bed = await TestBed.start({
      env: { EXOSCALE_API_SECRET: 'not-the-secret', GATEWAY_TIME_SCALE: '1' },
    });
    await bed.gateway.until('the pre-flight is over', ({ preflight }) => preflight.length > 0);
    await bed.ollama.generate();
    await bed.gateway.until('the failure', ({ code }) => code === 'auth');
    const calls = bed.cloud.calls().length;
    const replies = await Promise.all(Array.from({ length: 200 }, () => bed.ollama.generate()));
    expect(replies.every((reply) => reply.json().code === 'auth')).toBe(true);
    // One look at the account is under way already, to see whether something has changed.
    expect(bed.cloud.calls().length).toBeLessThanOrEqual(calls + 1);
  });

  it('is tried again by the first request after it has been mended', async () => {
    const bed = await TestBed.prepare();
    bed.cloud.setQuota('gpua5000', 0);
    await bed.startGateway();
    await bed.ollama.generate();
    await bed.gateway.until('the failure', ({ code }) => code === 'quota_exceeded');
    bed.cloud.setQuota('gpua5000', 1);
    await eventually('an answer', async () => (await bed.ollama.generate()).status === 200);
    expect(await bed.gateway.status()).toMatchObject({ provisioning_status: 'ready', phase: 'ready' });
    expect((await bed.gateway.status()).error).toBeUndefined();
  });
});

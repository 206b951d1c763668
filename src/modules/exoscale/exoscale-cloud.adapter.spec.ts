import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type SimulatedAccount, startSimulatedAccount } from '../../../test/support/simulated-account.js';
import { until } from '../../../test/support/until.js';
import type { ErrorCode } from '../../common/errors/catalogue.js';
import type { CloudError, CloudErrorKind, CloudPort } from '../provisioning/ports/cloud.port.js';

const LAUNCH = { launchId: '0d7f5c1a-6d0e-4f0e-9d6b-0c2f1f9f2a11', owner: 'a1b2c3d4-e5f6-4711-8899-aabbccddeeff' };

interface Refusal {
  kind: CloudErrorKind;
  code?: ErrorCode;
  ambiguous: boolean;
  message: string;
}

const refusalOf = (call: Promise<unknown>): Promise<Refusal> =>
  call.then(
    () => {
      throw new Error('the call succeeded');
    },
    (error: CloudError) => {
      const { code, ambiguous = false } = error.details;
      return { kind: error.kind, ...(code ? { code } : {}), ambiguous, message: error.message };
    },
  );

describe('the Exoscale cloud', () => {
  let account: SimulatedAccount;
  let cloud: CloudPort;
  const created = async (): Promise<string> => {
    const { instanceId } = await cloud.create(LAUNCH);
    await account.clock.advance(5000);
    return instanceId;
  };
  const count = (operation: string) => account.control.countCalls(operation);

  beforeEach(async () => {
    account = await startSimulatedAccount();
    cloud = account.cloud;
  });
  afterEach(() => account.close());

  describe('creates a machine', () => {
    it('of the configured type, template and disk, in our security group', async () => {
      const id = await created();
      const [instance] = account.control.instances();
      const [group] = (await account.client.listSecurityGroups()).filter((one) => one.name !== 'default');
      expect(instance).toMatchObject({
        id,
        name: 'olgw-default-0d7f5c1a',
        state: 'stopped',
        diskSizeGib: 50,
        securityGroupIds: [group?.id],
        labels: {
          'managed-by': 'ollama-exoscale',
          pool: 'default',
          owner: LAUNCH.owner,
          'launch-id': LAUNCH.launchId,
          'link-epoch': '0',
          fingerprint: cloud.fingerprint,
        },
      });
      expect(group?.name).toBe('ollama-exoscale-default-a1b2c3d4');
    });

    it('with user-data that sets it up', async () => {
      await created();
      const userData = gunzipSync(Buffer.from(account.control.instances()[0]?.userData ?? '', 'base64')).toString();
      expect(userData).toMatch(/^#cloud-config\n/);
      expect(userData).toContain(LAUNCH.launchId);
    });

    it.each<[string, () => CloudPort, CloudErrorKind, ErrorCode]>([
      ['type', () => account.cloudWith({ instanceType: 'a6000.small' }), 'invalid', 'invalid_type'],
      ['template', () => account.cloudWith({ template: 'Windows 3.11' }), 'invalid', 'invalid_template'],
      ['zone', () => account.cloudWith({ zone: 'xx-yyy-9' }), 'invalid', 'invalid_zone'],
    ])('never of an unknown %s', async (_what, misconfigured, kind, code) => {
      expect(await refusalOf(misconfigured().create(LAUNCH))).toMatchObject({ kind, code, ambiguous: false });
      expect(count('create-instance') + count('create-security-group')).toBe(0);
    });

    it('never when the disk is refused, and says why in the words of the API', async () => {
      const refusal = await refusalOf(account.cloudWith({ diskSizeGib: 9 }).create(LAUNCH));
      expect(refusal).toMatchObject({ kind: 'invalid', ambiguous: false });
      expect(refusal.message).toContain('disk-size must be an integer between 10 and 51200');
    });
  });

  describe('with a wrong key', () => {
    it.each<[string, (wrong: CloudPort) => Promise<unknown>]>([
      ['looking', (wrong) => wrong.look({ instanceId: null, operationId: null })],
      ['creating', (wrong) => wrong.create(LAUNCH)],
      ['starting', (wrong) => wrong.start('9f4f0f3e-0000-4000-8000-000000000000')],
    ])('answers %s with the text of the API, once', async (_what, call) => {
      const wrong = account.cloudWith({ credentials: { key: 'EXOsimulated', secret: 'a mistyped secret' } });
      const refusal = await refusalOf(call(wrong));
      expect(refusal).toMatchObject({ kind: 'auth', ambiguous: false });
      expect(refusal.message).toContain('Invalid request signature');
      expect(refusal.message).not.toContain('mistyped');
    });
  });

  describe('when the host of the API cannot be found', () => {
    it.each([
      { zone: 'xx-yyy-9', kind: 'invalid', code: 'invalid_zone' },
      { zone: 'at-vie-2', kind: 'transient' },
    ])('tells for $zone whether there is such a zone', async ({ zone, ...expected }) => {
      // Port 9 is `discard`: nobody listens there.
      const lost = account.cloudWith({ zone, baseUrl: 'http://127.0.0.1:9/v2' });
      expect(await refusalOf(lost.look({ instanceId: null, operationId: null }))).toMatchObject(expected);
    });
  });

  describe('on a bad day', () => {
    const READS = ['list-instances', 'get-instance', 'get-operation'];

    it.each(
      READS.flatMap((operation) => [
        { operation, kind: 'status' as const, status: 500, body: '<h1>500 Internal Server Error</h1>' },
        {
          operation,
          kind: 'status' as const,
          status: 429,
          body: { message: 'slow down' },
          headers: { 'Retry-After': '3' },
        },
        { operation, kind: 'reset-before' as const },
        { operation, kind: 'reset-after' as const },
      ]),
    )('repeats $operation after $kind $status', async (fault) => {
      const { instanceId, operationId } = await cloud.create(LAUNCH);
      await account.clock.advance(5000);
      account.control.fault({ ...fault, times: 2 });
      const view = await cloud.look({ instanceId, operationId });
      expect(view).toMatchObject({ recorded: { id: instanceId }, operation: { state: 'success' } });
    });

    it('gives up a look after some attempts', async () => {
      account.control.fault({ operation: 'list-instances', times: 99, kind: 'status', status: 503, body: 'down' });
      expect((await refusalOf(cloud.look({ instanceId: null, operationId: null }))).kind).toBe('transient');
      expect(count('list-instances')).toBe(4);
    });

    it('does not read an answer without a list as an empty account', async () => {
      account.control.fault({ operation: 'list-instances', times: 4, kind: 'status', status: 200, body: {} });
      expect((await refusalOf(cloud.look({ instanceId: null, operationId: null }))).kind).toBe('transient');
    });

    it('repeats a look that hangs', async () => {
      account.control.fault({ operation: 'list-instances', times: 1, kind: 'hang' });
      const look = cloud.look({ instanceId: null, operationId: null });
      await until(() => count('list-instances') === 1);
      await account.clock.advance(10_000);
      expect((await look).pool).toEqual([]);
    });

    it.each([
      { kind: 'status' as const, status: 500, body: '<h1>500</h1>', made: 0 },
      { kind: 'reset-before' as const, made: 0 },
      { kind: 'reset-after' as const, made: 1 },
    ])('sends a create once and calls its outcome ambiguous after $kind', async ({ made, ...fault }) => {
      account.control.fault({ operation: 'create-instance', times: 1, ...fault });
      expect(await refusalOf(cloud.create(LAUNCH))).toMatchObject({ kind: 'transient', ambiguous: true });
      expect(count('create-instance')).toBe(1);
      expect(account.control.instances()).toHaveLength(made);
    });

    it('calls a create that hangs ambiguous', async () => {
      account.control.fault({ operation: 'create-instance', times: 1, kind: 'hang-after' });
      const refusal = refusalOf(cloud.create(LAUNCH));
      await until(() => count('create-instance') === 1);
      await account.clock.advance(30_000);
      expect(await refusal).toMatchObject({ kind: 'transient', ambiguous: true });
      expect(account.control.instances()).toHaveLength(1);
    });

    it.each(['create-security-group', 'add-rule-to-security-group'])(
      'does not call a create ambiguous that failed before, at %s',
      async (operation) => {
        account.control.fault({ operation, times: 1, kind: 'reset-after' });
        expect(await refusalOf(cloud.create(LAUNCH))).toMatchObject({ kind: 'transient', ambiguous: false });
        await account.clock.advance(5000);
        await cloud.create(LAUNCH);
        expect(account.control.instances()).toHaveLength(1);
      },
    );

    it.each([
      { operation: 'start-instance', call: () => cloud.start.bind(cloud) },
      { operation: 'delete-instance', call: () => cloud.destroy.bind(cloud) },
    ])('sends $operation once', async ({ operation, call }) => {
      const id = await created();
      account.control.fault({ operation, times: 1, kind: 'status', status: 502, body: 'Bad Gateway' });
      expect(await refusalOf(call()(id))).toMatchObject({ kind: 'transient', ambiguous: true });
      expect(count(operation)).toBe(1);
    });

    it('reports a job that the cloud gave up on', async () => {
      const id = await created();
      const result = { state: 'timeout' } as const;
      account.control.fault({ operation: 'start-instance', times: 1, kind: 'operation', result });
      const { operationId } = await cloud.start(id);
      await account.clock.advance(5000);
      const { operation } = await cloud.look({ instanceId: id, operationId });
      expect(operation).toMatchObject({ state: 'failure', error: { kind: 'transient' } });
    });
  });

  it('keeps the labels that somebody else gave to an adopted machine', async () => {
    const id = await account.control.addInstance({ name: 'old-ollama', labels: { team: 'ml' } });
    await cloud.label(id, LAUNCH);
    await account.clock.advance(5000);
    expect(account.control.instances()[0]?.labels).toMatchObject({ team: 'ml', owner: LAUNCH.owner });
  });
});

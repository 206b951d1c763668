/**
 * What every CloudPort promises, run over the fake and over the real adapter against the simulator. A harness supplies
 * the adapter and the hands that only an account's owner has.
 */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { CloudPort, CloudView } from '../../src/modules/provisioning/ports/cloud.port.js';

export type FaultyCall = 'create' | 'start' | 'stop' | 'destroy';

export interface CloudHarness {
  /** Configured with the pool `default` and the adopt name `old-ollama`. */
  cloud: CloudPort;
  /** Returns when every job of the cloud that is under way has ended. */
  settle(): Promise<void>;
  /** Puts a stopped machine into the account; null leaves the label (or all of them, for `pool`) out. */
  add(machine: { name: string; pool: string | null; owner: string | null; fingerprint?: string }): Promise<string>;
  stopByHand(id: string): Promise<void>;
  deleteByHand(id: string): Promise<void>;
  /** The next such call is refused for this reason and has no effect. */
  refuseNext(call: FaultyCall, kind: 'quota' | 'capacity' | 'auth'): void;
  /** The next such call has its effect; its answer is lost. */
  loseAnswer(call: FaultyCall): void;
  /** The job of the next such call fails because no host is free. */
  failJob(call: FaultyCall): void;
  close(): Promise<void>;
}

const LAUNCH = { launchId: '0d7f5c1a-6d0e-4f0e-9d6b-0c2f1f9f2a11', owner: 'owner-under-test' };
const UNKNOWN_ID = '99999999-9999-4999-8999-999999999999';

export function describeCloudContract(name: string, makeHarness: () => Promise<CloudHarness>): void {
  describe(`${name} keeps the contract of the cloud`, () => {
    let harness: CloudHarness;
    let cloud: CloudPort;

    beforeEach(async () => {
      harness = await makeHarness();
      cloud = harness.cloud;
    });
    afterEach(() => harness.close());

    const see = (instanceId: string | null = null, operationId: string | null = null): Promise<CloudView> =>
      cloud.look({ instanceId, operationId });
    const created = async (): Promise<string> => {
      const { instanceId } = await cloud.create(LAUNCH);
      await harness.settle();
      return instanceId;
    };
    const running = async (): Promise<string> => {
      const id = await created();
      await cloud.start(id);
      await harness.settle();
      return id;
    };
    const kindOf = (call: Promise<unknown>): Promise<string> =>
      call.then(
        () => 'accepted',
        (error: { name: string; kind: string }) => (error.name === 'CloudError' ? error.kind : error.name),
      );

    it('shows nothing in a fresh account', async () => {
      expect(await see()).toEqual({ pool: [], named: [], recorded: null, operation: null });
    });

    describe('create', () => {
      it('makes one machine that carries our labels and is not started', async () => {
        const { instanceId } = await cloud.create(LAUNCH);
        await harness.settle();
        const { pool, recorded } = await see(instanceId);
        expect(recorded).toMatchObject({
          id: instanceId,
          status: 'stopped',
          ...LAUNCH,
          fingerprint: cloud.fingerprint,
        });
        expect(recorded?.name).toBe('olgw-default-0d7f5c1a');
        expect(pool.map((one) => one.id)).toEqual([instanceId]);
      });

      it('answers at once with a job that goes on in the cloud', async () => {
        const { instanceId, operationId } = await cloud.create(LAUNCH);
        expect((await see(instanceId, operationId)).operation).toEqual({ state: 'pending', error: null });
        await harness.settle();
        expect((await see(instanceId, operationId)).operation).toEqual({ state: 'success', error: null });
      });

      it.each(['quota', 'capacity', 'auth'] as const)('refused for %s says so and makes nothing', async (kind) => {
        harness.refuseNext('create', kind);
        expect(await kindOf(cloud.create(LAUNCH))).toBe(kind);
        expect((await see()).pool).toEqual([]);
      });

      it('whose answer is lost is ambiguous, and its machine is found by its launch id', async () => {
        harness.loseAnswer('create');
        await expect(cloud.create(LAUNCH)).rejects.toMatchObject({ kind: 'transient', details: { ambiguous: true } });
        await harness.settle();
        expect((await see()).pool.map((one) => one.launchId)).toEqual([LAUNCH.launchId]);
      });
    });

    describe('start and stop', () => {
      it('bring a machine up with an address and down again', async () => {
        const id = await running();
        const up = (await see(id)).recorded;
        expect(up?.status).toBe('running');
        expect(up?.address).toMatch(/^\d+\.\d+\.\d+\.\d+$/);
        await cloud.stop(id);
        await harness.settle();
        expect((await see(id)).recorded?.status).toBe('stopped');
      });

      it('show the machine on its way', async () => {
        const id = await created();
        await cloud.start(id);
        expect((await see(id)).recorded?.status).toBe('starting');
        await harness.settle();
        await cloud.stop(id);
        expect((await see(id)).recorded?.status).toBe('stopping');
      });

      it('are a conflict in the wrong state', async () => {
        const id = await created();
        expect(await kindOf(cloud.stop(id))).toBe('conflict');
        await cloud.start(id);
        expect(await kindOf(cloud.start(id))).toBe('conflict');
        expect(await kindOf(cloud.stop(id))).toBe('conflict');
        await harness.settle();
        expect(await kindOf(cloud.start(id))).toBe('conflict');
      });

      it('are not found for a machine that does not exist', async () => {
        expect(await kindOf(cloud.start(UNKNOWN_ID))).toBe('not_found');
        expect(await kindOf(cloud.stop(UNKNOWN_ID))).toBe('not_found');
      });

      it('tell of a start that failed for capacity through its job', async () => {
        const id = await created();
        harness.failJob('start');
        const { operationId } = await cloud.start(id);
        await harness.settle();
        const { operation, recorded } = await see(id, operationId);
        expect(operation).toMatchObject({ state: 'failure', error: { name: 'CloudError', kind: 'capacity' } });
        expect(recorded?.status).toBe('stopped');
      });

      it('whose answer is lost is ambiguous and has happened', async () => {
        const id = await created();
        harness.loseAnswer('start');
        await expect(cloud.start(id)).rejects.toMatchObject({ kind: 'transient', details: { ambiguous: true } });
        await harness.settle();
        expect((await see(id)).recorded?.status).toBe('running');
      });
    });

    describe('destroy', () => {
      it('removes a machine in any settled state, running included', async () => {
        const id = await running();
        await cloud.destroy(id);
        await harness.settle();
        expect(await see(id)).toMatchObject({ pool: [], recorded: null });
      });

      it('is content when the machine is already gone', async () => {
        const id = await created();
        await harness.deleteByHand(id);
        expect(await cloud.destroy(id)).toEqual({ operationId: null });
        expect(await cloud.destroy(UNKNOWN_ID)).toEqual({ operationId: null });
      });
    });

    describe('look', () => {
      it('knows nothing of unknown ids', async () => {
        expect(await see(UNKNOWN_ID, UNKNOWN_ID)).toMatchObject({ recorded: null, operation: null });
      });

      it('sees what other hands did', async () => {
        const id = await running();
        await harness.stopByHand(id);
        expect((await see(id)).recorded?.status).toBe('stopped');
        await harness.deleteByHand(id);
        expect((await see(id)).recorded).toBeNull();
      });

      it('shows the machines of our pool whoever owns them, and no others', async () => {
        const foreign = await harness.add({ name: 'olgw-default-1', pool: 'default', owner: 'another-owner' });
        await harness.add({ name: 'olgw-other-1', pool: 'other', owner: LAUNCH.owner });
        await harness.add({ name: 'web-server', pool: null, owner: null });
        const { pool, named } = await see();
        expect(pool).toMatchObject([{ id: foreign, owner: 'another-owner', launchId: null, fingerprint: null }]);
        expect(named).toEqual([]);
      });
    });

    describe('label', () => {
      it('turns the unlabelled machine of the adopt name into ours', async () => {
        const id = await harness.add({ name: 'old-ollama', pool: null, owner: null });
        expect((await see()).named.map((one) => one.id)).toEqual([id]);
        await cloud.label(id, LAUNCH);
        await harness.settle();
        const { pool, named } = await see();
        expect(pool).toMatchObject([{ id, ...LAUNCH, fingerprint: cloud.fingerprint }]);
        expect(named).toEqual([]);
      });

      it('takes over a machine of another owner with the fingerprint it was made with', async () => {
        const id = await harness.add({ name: 'olgw-default-1', pool: 'default', owner: 'lost', fingerprint: 'f-old' });
        await cloud.label(id, LAUNCH);
        await harness.settle();
        expect((await see(id)).recorded).toMatchObject({ ...LAUNCH, fingerprint: 'f-old' });
      });

      it('is not found for a machine that does not exist', async () => {
        expect(await kindOf(cloud.label(UNKNOWN_ID, LAUNCH))).toBe('not_found');
      });
    });
  });
}

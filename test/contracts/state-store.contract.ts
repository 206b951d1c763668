/**
 * What every state store promises (provisioning/ports/state-store.port.ts), as one suite over all adapters. Two
 * writers stand for two processes: they share the medium and nothing else.
 */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { newRecord, type PoolEventRecord } from '../../src/modules/provisioning/domain/model.js';
import { type StateStorePort, StateUnavailableError } from '../../src/modules/provisioning/ports/state-store.port.js';
import { ManualClock } from '../support/manual-clock.js';
import { noInterleavingLosesAnEvent } from './state-store-interleaving.js';
import type { MakeStateStore, StateStoreUnderTest } from './state-store-under-test.js';

const TTL_MS = 15_000;

export function stateStoreContract(adapter: string, make: MakeStateStore): void {
  describe(`state store contract: ${adapter}`, () => {
    let clock: ManualClock;
    let medium: StateStoreUnderTest;
    let store: StateStorePort;

    beforeEach(async () => {
      clock = new ManualClock();
      medium = make(clock);
      store = medium.store;
      await store.open();
    });

    afterEach(() => medium.dispose());

    const lease = async (bootId = 'a'): Promise<number> => {
      const taken = await store.acquireLease(bootId, TTL_MS);
      if (!taken) throw new Error(`${bootId} did not get the lease`);
      return taken.epoch;
    };

    describe('the record', () => {
      it('is null before the first commit, also when the lease has been taken', async () => {
        expect(await store.read()).toBeNull();
        await lease();
        expect(await store.read()).toBeNull();
      });

      it('is made of the defaults and the first patch, and has version 1', async () => {
        const epoch = await lease();
        expect(await store.commit(0, epoch, { wanted: true }, [])).toEqual({ ok: true, version: 1 });
        expect(await store.read()).toEqual({ version: 1, record: { ...newRecord(clock.nowMs()), wanted: true } });
      });

      it('keeps the fields that a patch does not name', async () => {
        const epoch = await lease();
        await store.commit(0, epoch, { instanceId: 'i-1', startsMs: [1, 2] }, []);
        await store.commit(1, epoch, { phase: 'starting', instanceStatus: 'starting' }, []);
        expect((await store.read())?.record).toMatchObject({ phase: 'starting', instanceId: 'i-1', startsMs: [1, 2] });
      });

      it('is handed out as a copy: changing it changes nothing in the store', async () => {
        const epoch = await lease();
        await store.commit(0, epoch, { startsMs: [1] }, []);
        (await store.read())?.record.startsMs.push(2);
        expect((await store.read())?.record.startsMs).toEqual([1]);
      });

      it('is taken in as a copy: changing a patch after its commit changes nothing in the store', async () => {
        const epoch = await lease();
        const startsMs = [1];
        await store.commit(0, epoch, { startsMs }, []);
        startsMs.push(2);
        expect((await store.read())?.record.startsMs).toEqual([1]);
      });

      it('survives the process', async () => {
        await store.commit(0, await lease(), { wanted: true }, [event('starting')]);
        const next = await medium.reopen();
        expect(await next.read()).toMatchObject({ version: 1, record: { wanted: true } });
        expect(await next.events(0, 10)).toHaveLength(1);
      });
    });

    describe('a commit', () => {
      it('with a version that somebody else has passed changes nothing', async () => {
        const epoch = await lease();
        await store.commit(0, epoch, { reason: 'first' }, []);
        const late = await store.commit(0, epoch, { reason: 'late' }, [event('failed')]);
        expect(late).toEqual({ ok: false, reason: 'stale_version' });
        expect(await store.read()).toMatchObject({ version: 1, record: { reason: 'first' } });
        expect(await store.events(0, 10)).toEqual([]);
      });

      it('with a version from the future changes nothing', async () => {
        expect(await store.commit(7, await lease(), {}, [])).toEqual({ ok: false, reason: 'stale_version' });
      });

      it('under an epoch that is over changes nothing', async () => {
        const old = await lease('a');
        await clock.advance(TTL_MS);
        await lease('b');
        const late = await store.commit(0, old, { wanted: true }, [event('creating')]);
        expect(late).toEqual({ ok: false, reason: 'stale_epoch' });
        expect(await store.read()).toBeNull();
      });

      it('without a lease, after its expiry or after its release is not made', async () => {
        const refused = { ok: false, reason: 'stale_epoch' };
        expect(await store.commit(0, 0, {}, [])).toEqual(refused);
        const expired = await lease();
        await clock.advance(TTL_MS);
        expect(await store.commit(0, expired, {}, [])).toEqual(refused);
        const released = await lease();
        await store.releaseLease('a', released);
        expect(await store.commit(0, released, {}, [])).toEqual(refused);
      });

      it('that fails for a full disk leaves neither a half record nor an event, and can be repeated', async () => {
        const epoch = await lease();
        await store.commit(0, epoch, { reason: 'before' }, [event('creating')]);
        medium.failWrites(true);
        const failing = store.commit(1, epoch, { reason: 'after' }, [event('starting', 'x'.repeat(100_000))]);
        await expect(failing).rejects.toBeInstanceOf(StateUnavailableError);
        expect(await store.read()).toMatchObject({ version: 1, record: { reason: 'before' } });
        medium.failWrites(false);
        expect(await store.events(0, 10)).toHaveLength(1);
        expect(await store.commit(1, epoch, { reason: 'after' }, [event('starting')])).toEqual({
          ok: true,
          version: 2,
        });
      });
    });

    describe('the event log', () => {
      it('gives each event the version of its commit, oldest first and without a gap', async () => {
        const epoch = await lease();
        for (let version = 0; version < 5; version += 1) {
          await store.commit(version, epoch, {}, [event('creating', `step ${version + 1}`)]);
        }
        const events = await store.events(0, 100);
        expect(events.map(({ version }) => version)).toEqual([1, 2, 3, 4, 5]);
        expect(events[2]).toEqual({ ...event('creating', 'step 3'), version: 3 });
      });

      it('is read in pages, and a page ends with a whole commit', async () => {
        const epoch = await lease();
        await store.commit(0, epoch, {}, [event('creating', 'one')]);
        await store.commit(1, epoch, {}, [event('starting', 'two'), event('booting', 'two and a half')]);
        await store.commit(2, epoch, {}, [event('loading', 'three')]);
        const reasons = async (after: number, limit: number) =>
          (await store.events(after, limit)).map(({ reason }) => reason);
        expect(await reasons(0, 1)).toEqual(['one']);
        expect(await reasons(1, 1)).toEqual(['two', 'two and a half']);
        expect(await reasons(2, 1)).toEqual(['three']);
        expect(await reasons(3, 1)).toEqual([]);
        expect(await reasons(0, 0)).toEqual([]);
      });
    });

    describe('the pool lease', () => {
      it('is given to one process at a time and expires on the clock of the store', async () => {
        const first = await store.acquireLease('a', TTL_MS);
        expect(first).toEqual({ epoch: 1, untilMs: clock.nowMs() + TTL_MS });
        expect(await store.acquireLease('b', TTL_MS)).toBeNull();
        await clock.advance(TTL_MS - 1);
        expect(await store.acquireLease('b', TTL_MS)).toBeNull();
        await clock.advance(1);
        expect(await store.acquireLease('b', TTL_MS)).toEqual({ epoch: 2, untilMs: clock.nowMs() + TTL_MS });
      });

      it('has a new epoch each time, also for the process that had it', async () => {
        expect([await lease('a'), await lease('a')]).toEqual([1, 2]);
        expect(await store.renewLease('a', 1, TTL_MS)).toBeNull();
      });

      it('is renewed for as long as it has not expired', async () => {
        const epoch = await lease();
        await clock.advance(TTL_MS - 1);
        expect(await store.renewLease('a', epoch, TTL_MS)).toEqual({ epoch, untilMs: clock.nowMs() + TTL_MS });
        await clock.advance(TTL_MS);
        expect(await store.renewLease('a', epoch, TTL_MS)).toBeNull();
      });

      it('is neither renewed nor released by somebody else', async () => {
        const epoch = await lease('a');
        expect(await store.renewLease('b', epoch, TTL_MS)).toBeNull();
        await store.releaseLease('b', epoch);
        await store.releaseLease('a', epoch - 1);
        expect(await store.acquireLease('b', TTL_MS)).toBeNull();
      });

      it('goes to the next process at once when it has been released', async () => {
        const epoch = await lease('a');
        await store.releaseLease('a', epoch);
        expect(await store.renewLease('a', epoch, TTL_MS)).toBeNull();
        expect(await store.acquireLease('b', TTL_MS)).toMatchObject({ epoch: epoch + 1 });
      });

      it('of a process that died is free as soon as the next one opens the medium, and its epoch is never used again', async () => {
        const epoch = await lease('a');
        const next = await medium.reopen();
        expect(await next.acquireLease('b', TTL_MS)).toMatchObject({ epoch: epoch + 1 });
      });
    });

    describe('an intent', () => {
      it('holds for the epoch and the version that are current, and for no other', async () => {
        const epoch = await lease();
        expect(await store.intent(epoch, 0, 'create')).toBe(true);
        await store.commit(0, epoch, {}, []);
        expect(await store.intent(epoch, 0, 'create')).toBe(false);
        expect(await store.intent(epoch, 1, 'create')).toBe(true);
        expect(await store.intent(epoch - 1, 1, 'create')).toBe(false);
      });

      it('does not hold when the lease has expired, also after the same process took it again', async () => {
        const old = await lease();
        await clock.advance(TTL_MS);
        expect(await store.intent(old, 0, 'stop')).toBe(false);
        await lease();
        expect(await store.intent(old, 0, 'stop')).toBe(false);
      });

      it('is not given when it cannot be written', async () => {
        const epoch = await lease();
        medium.failWrites(true);
        await expect(store.intent(epoch, 0, 'start '.repeat(50_000))).rejects.toBeInstanceOf(StateUnavailableError);
      });
    });

    describe('heartbeats', () => {
      it('tell the last word of each process with its age, until they are too old', async () => {
        const startMs = clock.nowMs();
        await store.heartbeat({ bootId: 'a', inFlight: 1, lastActivityMs: null });
        await clock.advance(1000);
        await store.heartbeat({ bootId: 'b', inFlight: 2, lastActivityMs: startMs });
        await store.heartbeat({ bootId: 'b', inFlight: 3, lastActivityMs: startMs + 500 });
        const a = { bootId: 'a', inFlight: 1, lastActivityMs: null, atMs: startMs };
        const b = { bootId: 'b', inFlight: 3, lastActivityMs: startMs + 500, atMs: startMs + 1000 };
        expect(await store.heartbeats(1000)).toEqual([a, b]);
        expect(await store.heartbeats(999)).toEqual([b]);
        expect(await store.heartbeats(Number.POSITIVE_INFINITY)).toEqual([a, b]);
      });

      it('of processes that are gone survive them', async () => {
        await store.heartbeat({ bootId: 'a', inFlight: 0, lastActivityMs: 42 });
        const next = await medium.reopen();
        expect(await next.heartbeats(1000)).toMatchObject([{ bootId: 'a', lastActivityMs: 42 }]);
      });
    });

    describe('the owner id', () => {
      it('is made once and kept', async () => {
        const made = await store.ownerId();
        expect(made).toMatch(/^[a-z0-9][a-z0-9-]{7,62}$/);
        expect(await store.ownerId()).toBe(made);
        expect(await (await medium.reopen()).ownerId()).toBe(made);
      });

      it('is the configured one where there is one, and a made one comes back when the setting is removed', async () => {
        const made = await store.ownerId();
        expect(await (await medium.reopen('configured-owner')).ownerId()).toBe('configured-owner');
        expect(await (await medium.reopen()).ownerId()).toBe(made);
      });

      it('keeps the configured one when it was the first', async () => {
        const configured = await medium.reopen('configured-owner');
        expect(await configured.ownerId()).toBe('configured-owner');
        expect(await (await medium.reopen()).ownerId()).toBe('configured-owner');
      });
    });

    it('keeps the last catalogue', async () => {
      expect(await store.readCatalogue()).toBeNull();
      const catalogue = { version: '{"version":"0.32.15"}', tags: '{"models":[]}', show: { 'm:1': '{}' }, atMs: 5 };
      await store.writeCatalogue({ ...catalogue, version: null });
      await store.writeCatalogue(catalogue);
      expect(await (await medium.reopen()).readCatalogue()).toEqual(catalogue);
    });

    it('may be opened and closed twice, and answers StateUnavailableError while it is closed', async () => {
      await store.open();
      await store.close();
      await store.close();
      await expect(store.read()).rejects.toBeInstanceOf(StateUnavailableError);
      await expect(store.commit(0, 1, {}, [])).rejects.toBeInstanceOf(StateUnavailableError);
      await store.open();
      expect(await store.read()).toBeNull();
    });

    it('loses no acknowledged event and leaves no gap, however two writers interleave', () =>
      noInterleavingLosesAnEvent(make));
  });
}

function event(to: PoolEventRecord['to'], reason = 'because'): PoolEventRecord {
  return { atMs: 1, from: 'absent', to, reason, cause: 'request', actor: null };
}

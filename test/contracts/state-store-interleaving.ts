/** The property of the state store contract: whatever two writers do in whatever order, the event log stays whole. */
import { expect } from '@jest/globals';
import fc from 'fast-check';
import { ManualClock } from '../support/manual-clock.js';
import type { MakeStateStore, StateStoreUnderTest } from './state-store-under-test.js';

const TTL_MS = 15_000;
const RUNS = 40;

export async function noInterleavingLosesAnEvent(make: MakeStateStore): Promise<void> {
  const property = fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
    const medium = make(new ManualClock());
    try {
      await expectWhole(medium, steps);
    } finally {
      await medium.dispose();
    }
  });
  await fc.assert(property, { numRuns: RUNS });
}

type Writer = 'a' | 'b';
type Step = { writer: Writer; action: 'look' | 'acquire' | 'commit' | 'commit-on-full-disk' };

const step: fc.Arbitrary<Step> = fc.record({
  writer: fc.constantFrom<Writer>('a', 'b'),
  action: fc.constantFrom<Step['action']>('look', 'acquire', 'commit', 'commit', 'commit', 'commit-on-full-disk'),
});

/** Each writer acts on what it saw last, however old that is; the lease changes hands whenever somebody asks for it. */
async function expectWhole(medium: StateStoreUnderTest, steps: readonly Step[]): Promise<void> {
  const { store } = medium;
  await store.open();
  const seen = { a: { version: 0, epoch: 0 }, b: { version: 0, epoch: 0 } };
  const acknowledged: { version: number; reason: string }[] = [];
  let holder: Writer | null = null;
  for (const [index, { writer, action }] of steps.entries()) {
    const view = seen[writer];
    if (action === 'look') {
      view.version = (await store.read())?.version ?? 0;
    } else if (action === 'acquire') {
      if (holder) await store.releaseLease(holder, seen[holder].epoch);
      view.epoch = (await store.acquireLease(writer, TTL_MS))?.epoch ?? view.epoch;
      holder = writer;
    } else {
      const full = action === 'commit-on-full-disk';
      const reason = `step ${index}`.padEnd(full ? 100_000 : 0);
      medium.failWrites(full);
      const outcome = await store
        .commit(view.version, view.epoch, { reason }, [
          { atMs: 1, from: 'absent', to: 'creating', reason, cause: 'request', actor: null },
        ])
        .catch((error: unknown) => error);
      medium.failWrites(false);
      if (!isAcknowledged(outcome)) continue;
      view.version = outcome.version;
      acknowledged.push({ version: outcome.version, reason });
    }
  }
  const stored = (await store.events(0, 1000)).map(({ version, reason }) => ({ version, reason }));
  expect(stored).toEqual(acknowledged);
  expect(stored.map(({ version }) => version)).toEqual(stored.map((_, index) => index + 1));
  expect((await store.read())?.version ?? 0).toBe(stored.length);
}

function isAcknowledged(outcome: unknown): outcome is { ok: true; version: number } {
  return typeof outcome === 'object' && outcome !== null && 'ok' in outcome && outcome.ok === true;
}

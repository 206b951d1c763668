import { describe, expect, it } from '@jest/globals';
import { ManualClock, settle } from '../../../../test/support/manual-clock.js';
import type { ApiOperation } from './api-types.js';
import { pollIntervalMs, pollOperation } from './poll-operation.js';

const PENDING: ApiOperation = { id: 'op-1', state: 'pending' };

/** Polls a job that answers these states one after the other (the last one for ever). */
async function poll(states: (ApiOperation | null)[], timeoutMs = 60_000) {
  const clock = new ManualClock(0);
  const readsMs: number[] = [];
  const read = () => {
    readsMs.push(clock.nowMs());
    const [next = null] = states.length > 1 ? states.splice(0, 1) : states;
    return Promise.resolve(next);
  };
  const outcome = pollOperation(PENDING, { clock, read, timeoutMs, timeScale: 1 }).then(
    (operation) => operation.state,
    (error: { kind: string; message: string }) => `${error.kind}: ${error.message}`,
  );
  await settle();
  await clock.advance(600_000);
  return { readsMs, outcome: await outcome };
}

describe('waiting for an operation', () => {
  it.each([
    [0, 500],
    [2999, 500],
    [3000, 3000],
    [30_000, 3000],
    [60_000, 4966],
    [120_000, 8897],
    [600_000, 40_345],
    [900_000, 60_000],
    [9_000_000, 60_000],
  ])('polls after %i ms again in %i ms', (elapsedMs, intervalMs) => {
    expect(Math.round(pollIntervalMs(elapsedMs))).toBe(intervalMs);
  });

  it('ends with its success', async () => {
    expect(await poll([PENDING, { ...PENDING, state: 'success' }])).toEqual({
      readsMs: [500, 1000],
      outcome: 'success',
    });
  });

  it('ends with its failure', async () => {
    const failed = { ...PENDING, state: 'failure', reason: 'unavailable', message: 'no host' };
    expect((await poll([failed])).outcome).toBe('capacity: The operation failed (unavailable): no host');
  });

  it('ends when the API has forgotten it', async () => {
    expect((await poll([null])).outcome).toBe('transient: The operation is not known any more');
  });

  it('ends when it takes too long', async () => {
    expect((await poll([PENDING], 2000)).outcome).toBe('transient: The operation is still pending after 2000 ms');
  });

  it('does not ask at all when the job is already done', async () => {
    const done = { state: 'success' };
    const clock = new ManualClock();
    const read = () => Promise.reject(new Error('was asked'));
    expect(await pollOperation(done, { clock, read, timeoutMs: 1000, timeScale: 1 })).toBe(done);
  });
});

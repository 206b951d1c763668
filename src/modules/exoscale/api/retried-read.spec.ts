import { describe, expect, it } from '@jest/globals';
import { ManualClock, settle } from '../../../../test/support/manual-clock.js';
import { CloudError } from '../../provisioning/ports/cloud.port.js';
import { retriedRead } from './retried-read.js';

const passing = (retryAfterMs?: number) =>
  new CloudError('transient', 'try again', retryAfterMs === undefined ? {} : { retryAfterMs });

/** Runs a read that fails with these errors and then succeeds; reports the time of each attempt. */
async function run(failures: Error[], timeScale = 1) {
  const clock = new ManualClock(0);
  const attemptsMs: number[] = [];
  const remaining = [...failures];
  const attempt = () => {
    attemptsMs.push(clock.nowMs());
    const failure = remaining.shift();
    return failure ? Promise.reject(failure) : Promise.resolve('answer');
  };
  const outcome = retriedRead(attempt, { clock, random: () => 0.5, timeScale }).catch((error: Error) => error.message);
  await settle();
  await clock.advance(120_000);
  return { attemptsMs, outcome: await outcome };
}

describe('a read that fails', () => {
  it.each([
    { title: 'at once when nothing fails', failures: [], attemptsMs: [0], outcome: 'answer' },
    { title: 'after a jittered pause', failures: [passing()], attemptsMs: [0, 750], outcome: 'answer' },
    {
      title: 'with growing pauses, four times at most',
      failures: [passing(), passing(), passing(), passing()],
      attemptsMs: [0, 750, 2250, 5250],
      outcome: 'try again',
    },
    { title: 'not before the API allows it', failures: [passing(5000)], attemptsMs: [0, 5000], outcome: 'answer' },
    { title: 'not sooner than the back-off', failures: [passing(10)], attemptsMs: [0, 750], outcome: 'answer' },
    {
      title: 'never when the API wants a long pause',
      failures: [passing(31_000)],
      attemptsMs: [0],
      outcome: 'try again',
    },
    {
      title: 'never when it will fail again',
      failures: [new CloudError('auth', 'no')],
      attemptsMs: [0],
      outcome: 'no',
    },
    { title: 'never for a mistake of ours', failures: [new TypeError('oops')], attemptsMs: [0], outcome: 'oops' },
  ])('is repeated $title', async ({ failures, attemptsMs, outcome }) => {
    expect(await run(failures)).toEqual({ attemptsMs, outcome });
  });

  it('waits less when time is scaled', async () => {
    expect((await run([passing(5000)], 10)).attemptsMs).toEqual([0, 500]);
  });
});

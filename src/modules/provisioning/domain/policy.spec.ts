import { describe, expect, it } from '@jest/globals';
import { newRecord, type PoolRecord } from './model.js';
import { etaMs, idleStopAtMs, recentStarts, startsAllowedAgainMs } from './policy.js';
import { timingsAt } from './timings.js';

const SEC = 1000;
const MIN = 60 * SEC;
const HOUR = 60 * MIN;
const NOW = 1_800_000_000_000;

function record(patch: Partial<PoolRecord>): PoolRecord {
  return { ...newRecord(NOW), ...patch };
}

describe('the idle stop', () => {
  const policy = { idleTimeoutMs: 30 * MIN, unclaimedMs: 10 * MIN };

  it.each([
    {
      title: 'comes after the idle timeout since the last work',
      ready: -60,
      last: -20,
      open: 0,
      phase: 'ready',
      expected: 10,
    },
    {
      title: 'comes after the unclaimed time when nobody used it since ready',
      ready: -5,
      last: null,
      open: 0,
      phase: 'ready',
      expected: 5,
    },
    {
      title: 'counts only work since this machine was ready',
      ready: -5,
      last: -50,
      open: 0,
      phase: 'ready',
      expected: 5,
    },
    { title: 'is not set while somebody is served', ready: -60, last: -59, open: 1, phase: 'ready', expected: null },
    { title: 'is not set while nothing is ready', ready: null, last: -1, open: 0, phase: 'booting', expected: null },
    {
      title: 'is not set for a machine that is proven again',
      ready: -60,
      last: -1,
      open: 0,
      phase: 'booting',
      expected: null,
    },
    { title: 'stays set while draining', ready: -60, last: -31, open: 0, phase: 'draining', expected: -1 },
  ] as const)('$title', ({ ready, last, open, phase, expected }) => {
    const at = (minutes: number | null) => (minutes === null ? null : NOW + minutes * MIN);
    expect(
      idleStopAtMs({ readyMs: at(ready), phase, keepAwakeUntilMs: null }, { open, lastActivityMs: at(last) }, policy),
    ).toBe(at(expected));
  });

  it('waits for the end of an operator’s keep-awake, and not longer', () => {
    const idle = { open: 0, lastActivityMs: NOW };
    const until = (keepAwakeUntilMs: number) =>
      idleStopAtMs({ readyMs: NOW - MIN, phase: 'ready', keepAwakeUntilMs }, idle, policy);
    expect(until(NOW + 90 * MIN)).toBe(NOW + 90 * MIN);
    expect(until(NOW + MIN)).toBe(NOW + 30 * MIN);
  });

  it('comes after a short idle timeout even when nobody used the machine', () => {
    const short = { idleTimeoutMs: MIN, unclaimedMs: 10 * MIN };
    expect(
      idleStopAtMs({ readyMs: NOW, phase: 'ready', keepAwakeUntilMs: null }, { open: 0, lastActivityMs: null }, short),
    ).toBe(NOW + MIN);
  });
});

describe('the flap guard', () => {
  it.each([
    { starts: [], max: 2, expected: null },
    { starts: [-10], max: 2, expected: null },
    { starts: [-30, -10], max: 2, expected: 30 },
    { starts: [-50, -30, -10], max: 2, expected: 30 },
    { starts: [-61, -10], max: 2, expected: null },
    { starts: [-3, -2, -1], max: 0, expected: null },
    { starts: [-5], max: 1, expected: 55 },
  ])(
    'after starts $starts min ago of at most $max per hour allows the next in $expected min',
    ({ starts, max, expected }) => {
      const startsMs = starts.map((minutes) => NOW + minutes * MIN);
      expect(startsAllowedAgainMs({ startsMs }, { maxStartsPerHour: max }, NOW)).toBe(
        expected === null ? null : NOW + expected * MIN,
      );
    },
  );

  it('forgets starts after an hour', () => {
    expect(recentStarts([NOW - HOUR, NOW - HOUR + 1, NOW], NOW)).toEqual([NOW - HOUR + 1, NOW]);
  });
});

describe('the expected time until ready', () => {
  const timings = timingsAt(1);

  it.each<{ title: string; patch: Partial<PoolRecord>; expectedSec: number | null }>([
    { title: 'of no machine is a whole creation', patch: { phase: 'absent' }, expectedSec: 420 },
    { title: 'of a stopped machine is a resume', patch: { phase: 'stopped', instanceId: 'i' }, expectedSec: 30 },
    {
      title: 'is measured once a resume has been',
      patch: { phase: 'stopped', instanceId: 'i', lastResumeMs: 75 * SEC },
      expectedSec: 75,
    },
    {
      title: 'is measured once a creation has been',
      patch: { phase: 'absent', lastCreateMs: 300 * SEC },
      expectedSec: 300,
    },
    {
      title: 'shrinks while a machine comes up',
      patch: { phase: 'booting', bringUp: 'create', bringUpSinceMs: NOW - 2 * MIN },
      expectedSec: 300,
    },
    {
      title: 'of a late machine is still a tenth of the whole',
      patch: { phase: 'loading', bringUp: 'create', bringUpSinceMs: NOW - HOUR },
      expectedSec: 42,
    },
    { title: 'of a ready machine is nothing', patch: { phase: 'ready' }, expectedSec: 0 },
    {
      title: 'of a machine that is proven again is a moment',
      patch: { phase: 'booting', bringUp: 'resume', readyMs: NOW },
      expectedSec: 5,
    },
    {
      title: 'of a stopping machine is the stop and a resume',
      patch: { phase: 'stopping', instanceId: 'i' },
      expectedSec: 60,
    },
    {
      title: 'of a machine being deleted is that and a creation',
      patch: { phase: 'deleting', instanceId: 'i' },
      expectedSec: 450,
    },
    {
      title: 'after a failure that heals begins with the back-off',
      patch: {
        phase: 'failed',
        notBeforeMs: NOW + MIN,
        failure: { code: 'capacity', message: '', heals: true, atMs: NOW },
      },
      expectedSec: 480,
    },
    {
      title: 'after a failure that needs a person is unknown',
      patch: { phase: 'failed', failure: { code: 'auth', message: '', heals: false, atMs: NOW } },
      expectedSec: null,
    },
  ])('$title', ({ patch, expectedSec }) => {
    expect(etaMs(record(patch), timings, NOW)).toBe(expectedSec === null ? null : expectedSec * SEC);
  });

  it('shrinks with the time scale, like every wait that the user did not set', () => {
    expect(etaMs(record({ phase: 'absent' }), timingsAt(20), NOW)).toBe(21 * SEC);
  });
});

import { describe, expect, it } from '@jest/globals';
import { BillingMeter } from './billing-meter.js';

type Step = [atMs: number, instanceId: string, state: string];

function meter(steps: Step[]): BillingMeter {
  const subject = new BillingMeter();
  for (const [atMs, id, state] of steps) subject.observe(id, state, atMs);
  return subject;
}

describe('the billing meter', () => {
  it.each<[what: string, steps: Step[], expected: [fromMs: number, toMs: number | null][]]>([
    ['nothing for a machine that is only created', [[0, 'a', 'stopped']], []],
    [
      'an open interval for a running machine',
      [
        [0, 'a', 'starting'],
        [5, 'a', 'running'],
      ],
      [[0, null]],
    ],
    [
      'until the stop is confirmed',
      [
        [0, 'a', 'starting'],
        [5, 'a', 'stopping'],
        [9, 'a', 'stopped'],
      ],
      [[0, 9]],
    ],
    [
      'a failed start',
      [
        [0, 'a', 'starting'],
        [5, 'a', 'stopped'],
      ],
      [[0, 5]],
    ],
    [
      'a running machine until it is destroyed',
      [
        [0, 'a', 'running'],
        [5, 'a', 'destroying'],
        [9, 'a', 'destroyed'],
      ],
      [[0, 9]],
    ],
    [
      'nothing for a stopped machine that is destroyed',
      [
        [0, 'a', 'stopped'],
        [5, 'a', 'destroying'],
        [9, 'a', 'destroyed'],
      ],
      [],
    ],
    [
      'a migration',
      [
        [0, 'a', 'running'],
        [5, 'a', 'migrating'],
        [9, 'a', 'running'],
      ],
      [[0, null]],
    ],
  ])('bills %s', (_what, steps, expected) => {
    expect(
      meter(steps)
        .billed()
        .map((one) => [one.fromMs, one.toMs]),
    ).toEqual(expected);
  });

  it.each<[what: string, steps: Step[], expected: number]>([
    ['no machine', [], 0],
    [
      'one after the other',
      [
        [0, 'a', 'running'],
        [5, 'a', 'stopped'],
        [5, 'b', 'running'],
      ],
      1,
    ],
    [
      'two for a moment',
      [
        [0, 'a', 'running'],
        [4, 'b', 'running'],
        [5, 'a', 'stopped'],
      ],
      2,
    ],
    [
      'one that stops and starts',
      [
        [0, 'a', 'running'],
        [4, 'a', 'stopped'],
        [5, 'a', 'running'],
      ],
      1,
    ],
  ])('counts %s', (_what, steps, expected) => {
    expect(meter(steps).maxConcurrent()).toBe(expected);
  });
});

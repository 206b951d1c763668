import { describe, expect, it } from '@jest/globals';
import { backoffMs } from './backoff.js';

describe('backoffMs', () => {
  const range = { firstMs: 1000, maxMs: 10_000 };

  it.each([
    { attempt: 1, random: 0, expected: 500 },
    { attempt: 1, random: 0.999, expected: 1000 },
    { attempt: 2, random: 0, expected: 1000 },
    { attempt: 4, random: 0, expected: 4000 },
    { attempt: 5, random: 0, expected: 5000 },
    { attempt: 50, random: 0, expected: 5000 },
  ])('waits $expected ms before attempt $attempt at random $random', ({ attempt, random, expected }) => {
    expect(backoffMs(attempt, range, random)).toBe(expected);
  });
});

/** The real clock, with Node's timers replaced by jest's. */
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { SystemClock } from './clock.js';

const DAY_MS = 24 * 3_600_000;

describe('SystemClock', () => {
  const clock = new SystemClock();
  let ran: number;
  beforeEach(() => {
    jest.useFakeTimers();
    ran = 0;
  });
  afterEach(() => void jest.useRealTimers());

  it('runs a task once, when its time has come', () => {
    clock.after(1000, () => (ran += 1));
    jest.advanceTimersByTime(999);
    expect(ran).toBe(0);
    jest.advanceTimersByTime(DAY_MS);
    expect(ran).toBe(1);
  });

  // Node takes at most 2^31-1 ms: a month was run after 1 ms, so that a long idle timeout made the reconciler spin and a
  // long GATEWAY_DRAIN_SECONDS cut streams at once.
  it('waits longer than the 24.8 days of one timer', () => {
    clock.after(60 * DAY_MS, () => (ran += 1));
    jest.advanceTimersByTime(60 * DAY_MS - 1);
    expect(ran).toBe(0);
    jest.advanceTimersByTime(1);
    expect(ran).toBe(1);
  });

  it.each([1000, 60 * DAY_MS])('runs nothing that was cancelled, of %s ms', (delayMs) => {
    const timer = clock.after(delayMs, () => (ran += 1));
    jest.advanceTimersByTime(delayMs - 1);
    timer.cancel();
    jest.advanceTimersByTime(DAY_MS);
    expect(ran).toBe(0);
  });
});

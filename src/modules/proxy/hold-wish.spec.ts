import { describe, expect, it } from '@jest/globals';
import { holdWishMs } from './hold-wish.js';

describe('the hold a client asks for', () => {
  it.each([
    [{}, null],
    [{ prefer: 'wait=30' }, 30_000],
    [{ prefer: 'respond-async, wait=30' }, 30_000],
    [{ prefer: 'wait = "30"; foo' }, 30_000],
    [{ prefer: 'await=30' }, null],
    [{ prefer: 'wait=abc' }, null],
    [{ prefer: 'wait=-5' }, null],
    [{ 'x-scale-up-timeout': '120' }, 120_000],
    [{ 'x-scale-up-timeout': '120s' }, 120_000],
    [{ 'x-scale-up-timeout': 'soon' }, null],
    [{ prefer: 'wait=30', 'x-scale-up-timeout': '60' }, 60_000],
  ])('%j is %s ms', (headers, expected) => {
    expect(holdWishMs(headers)).toBe(expected);
  });
});

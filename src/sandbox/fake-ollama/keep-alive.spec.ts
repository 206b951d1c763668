import { describe, expect, it } from '@jest/globals';
import { readKeepAlive } from './keep-alive.js';

describe('keep_alive', () => {
  it.each<[value: unknown, ms: number | undefined]>([
    [undefined, undefined],
    [null, undefined],
    [300, 300_000],
    [-1, -1000],
    [0, 0],
    ['10m', 600_000],
    ['1h30m', 5_400_000],
    ['1.5s', 1500],
    ['-1m', -60_000],
  ])('reads %j as %p ms', (value, ms) => {
    expect(readKeepAlive(value)).toBe(ms);
  });

  it.each(['', 'soon', '10', {}])('refuses %j', (value) => {
    expect(() => readKeepAlive(value)).toThrow('time: invalid duration');
  });
});

import { describe, expect, it } from '@jest/globals';
import { eurosPerHour, PRICED_TYPES } from './prices.js';

describe('the price of an hour', () => {
  it.each([
    ['a5000.small', 1.34028],
    ['gpua5000.small', 1.34028],
    ['a30.huge', 2.96188],
    ['3080ti.small', 0.92361],
    ['gpu3.small', 1.0453],
  ])('of %s is %s euros', (type, euros) => {
    expect(eurosPerHour(type)).toBe(euros);
  });

  it.each(PRICED_TYPES)('of %s is that of one machine', (type) => {
    expect(eurosPerHour(type)).toBeGreaterThan(0);
    expect(eurosPerHour(type)).toBeLessThan(100);
    expect(type).toMatch(/^gpu[a-z0-9]*\.[a-z]+$/);
  });

  it.each(['b300.huge', 'standard.medium', 'a5000.huge'])('of %s is unknown', (type) => {
    expect(eurosPerHour(type)).toBeNull();
  });
});

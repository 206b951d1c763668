import { describe, expect, it } from '@jest/globals';
import { nameList } from './name-list.js';

describe('a list of names', () => {
  it.each([
    { names: ['b', 'a', 'b', undefined, ''], text: 'a, b' },
    { names: [], text: 'none' },
  ])('of $names reads "$text"', ({ names, text }) => {
    expect(nameList(names)).toBe(text);
  });

  it('is cut when nobody would read it', () => {
    const names = Array.from({ length: 50 }, (_, index) => `n${index + 10}`);
    expect(nameList(names)).toMatch(/^n10, n11, .*, n49 and 10 more$/);
  });
});

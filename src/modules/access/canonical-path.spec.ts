import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { canonicalPath } from './canonical-path.js';

describe('the canonical path', () => {
  it.each([
    ['/', '/'],
    ['', '/'],
    ['*', '/*'],
    ['/api/pull', '/api/pull'],
    ['/api/pull?x=/__link/drain', '/api/pull'],
    ['/API/Pull', '/api/pull'],
    ['/api/pull/', '/api/pull'],
    ['//api///pull', '/api/pull'],
    ['/api/./pull', '/api/pull'],
    ['/api/x/../pull', '/api/x/pull'],
    ['/../../api/pull', '/api/pull'],
    ['/api/%70ull', '/api/pull'],
    ['/api/%2570ull', '/api/pull'],
    ['/api/%25%37%30ull', '/api/pull'],
    ['/api%2Fpull', '/api/pull'],
    ['/api%5cpull', '/api/pull'],
    ['/api\\pull', '/api/pull'],
    ['/api/%2e%2E/pull', '/api/pull'],
    ['/api;v=1/pull;x', '/api/v=1/pull/x'],
    ['/api/pull#here', '/api/pull/here'],
    ['/api/pull%3Fx', '/api/pull/x'],
    ['/api/pull%00', '/api/pull'],
    ['/api/pull%20', '/api/pull'],
    ['http://gateway:11434/api/pull?x', '/api/pull'],
    ['HTTPS://user@[::1]:1/api/pull', '/api/pull'],
    ['http://gateway', '/'],
    ['http://gateway?x/api', '/'],
    ['http://gateway#/api/pull', '/api/pull'],
    ['/api/%zz%', '/api/%zz%'],
    ['/v1/models/hf.co%2Fuser%2Fmodel:Q4', '/v1/models/hf.co/user/model:q4'],
    ['/api/a..b/...', '/api/a..b/...'],
  ])('of %s is %s', (target, path) => {
    expect(canonicalPath(target)).toBe(path);
  });

  const name = fc.string({ unit: fc.constantFrom(...'abcxyz0189-_~:@!$&=+,'), minLength: 1, maxLength: 8 });
  const names = fc.array(name, { minLength: 1, maxLength: 5 });

  it('of a path that needs none is that path', () => {
    fc.assert(fc.property(names, (segments) => canonicalPath(`/${segments.join('/')}`) === `/${segments.join('/')}`));
  });

  it('does not change when letters are escaped, once, twice or three times, or made large', () => {
    const spelling = fc.infiniteStream(fc.nat({ max: 4 }));
    fc.assert(
      fc.property(names, spelling, (segments, how) => {
        const path = `/${segments.join('/')}`;
        const spelled = [...path].map((letter) => spell(letter, how.next().value as number)).join('');
        return canonicalPath(spelled) === path;
      }),
    );
  });

  it('of any target has neither empty segments nor dots, and ends for the longest in the time of one look', () => {
    const piece = fc.constantFrom('%', '25', '2f', '.', '/', '\\', ';', 'a', '%2e', '#', '?', '\0', 'http://');
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
        const segments = canonicalPath(pieces.join('')).slice(1).split('/');
        return segments.length === 1 || !segments.some((one) => ['', '.', '..'].includes(one));
      }),
    );
    expect(canonicalPath('/' + '%25'.repeat(10_000))).toHaveLength(10_001);
  });
});

function spell(letter: string, how: number): string {
  if (how === 0) return letter;
  if (how === 1) return letter.toUpperCase();
  const escape = letter.charCodeAt(0).toString(16).padStart(2, '0');
  return ['', '', `%${escape}`, `%25${escape}`, `%2525${escape}`][how] as string;
}

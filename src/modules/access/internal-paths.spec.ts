import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { isInternalPath } from './internal-paths.js';

describe('a path of the link', () => {
  it.each([
    '/__link',
    '/__link/',
    '/__link/drain',
    '/__LINK/Drain',
    '/__link/status?x',
    '//__link/drain',
    '/./__link/drain',
    '/api/../__link/drain',
    '/__link/../__link/drain',
    '/__link/%252e%252e/../drain',
    '/%5f%5Flink/drain',
    '/%5f_link/drain',
    '/%255f%255flink/drain',
    '/__%6cink/drain',
    '/__link%2fdrain',
    '/__link%252fdrain',
    '/%2f__link/drain',
    '/%2e%2e/__link/drain',
    '/\\__link\\drain',
    '/%5c__link/drain',
    '/__link;x=1/drain',
    '/;/__link/drain',
    '/__link#/drain',
    '/x#/../__link/drain',
    '/x%3f/../__link/drain',
    '/__link%00/drain',
    'http://gateway/__link/drain',
    'http://gateway#/__link/drain',
    'http://gateway//__link/drain',
    'ftp://gateway/__link/drain',
    '__link/drain',
    '//gateway/__link/drain',
  ])('is recognised as %s', (target) => {
    expect(isInternalPath(target)).toBe(true);
  });

  it.each([
    '/',
    '/api/tags',
    '/api/tags?next=/__link/drain',
    '/api/tags?%5f%5flink',
    '/__links/drain',
    '/my__link/drain',
    '/v1/models/my__linked%2fmodel',
    '/_link/drain',
    '/api/%zz',
  ])('is not what %s names', (target) => {
    expect(isInternalPath(target)).toBe(false);
  });

  const latch = fc.constantFrom('__link', '%5f_link', '_%5Flin%6b', '%5f%5f%6c%69%6e%6b');
  const drain = fc.constantFrom('drain', '%64rain');
  /** What servers take back, drop or take for something else. */
  const blur = fc.constantFrom(
    ...['', '.', '..', 'a', 'a/..', '%2e%2e', '%2E', '%252e%252e', '%252e%252e/..', 'x%3f', 'x%23/..', '%2f', 'a%2f..'],
    ...['..', 'a/b/../..', '%5c', ';x/..', '%00/..'],
  );
  const blurs = fc.array(blur, { maxLength: 4 });
  const target = fc
    .tuple(blurs, latch, blurs, drain, blurs, fc.constantFrom('', '#x', '?x', '/', '/#/..'))
    .map(
      ([before, link, between, end, after, rest]) =>
        `/${[...before, link, ...between, end, ...after].join('/')}${rest}`,
    );

  it('is recognised in everything that nginx takes for it', () => {
    let reached = 0;
    const property = fc.property(target, (spelled) => {
      if (nginxPath(spelled) !== '/__link/drain') return true;
      reached += 1;
      return isInternalPath(spelled);
    });
    fc.assert(property, { numRuns: 5000 });
    expect(reached).toBeGreaterThan(200);
  });
});

/** As nginx normalises a target for its locations: escapes once, no fragment, slashes merged, dots resolved (leniently). */
function nginxPath(target: string): string {
  const raw = /^[^?#]*/.exec(target)?.[0] ?? '';
  const decoded = raw.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  const kept: string[] = [];
  for (const segment of decoded.split('/')) {
    if (segment === '..') kept.pop();
    else if (segment !== '' && segment !== '.') kept.push(segment);
  }
  return `/${kept.join('/')}`;
}

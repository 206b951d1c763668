import { describe, expect, it } from '@jest/globals';
import { identify, requestIdOf } from './request-id.js';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

function requestWith(...rawHeaders: string[]) {
  const headers: Record<string, string> = {};
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = String(rawHeaders[i]).toLowerCase();
    headers[name] = [headers[name], rawHeaders[i + 1]].filter((one) => one !== undefined).join(', ');
  }
  return { headers, rawHeaders };
}

describe('the id of a request', () => {
  it.each(['a', '0af7651916cd43dd8448eb211c80319c', 'Client_1.2-3', 'x'.repeat(128)])(
    'is the client’s own: %s',
    (id) => {
      const request = requestWith('Accept', '*/*', 'X-REQUEST-ID', id);
      identify(request);
      expect(requestIdOf(request)).toBe(id);
      expect(request.rawHeaders).toEqual(['Accept', '*/*', 'X-REQUEST-ID', id]);
    },
  );

  it('is made where the client sends none', () => {
    const request = requestWith('Accept', '*/*');
    identify(request);
    expect(requestIdOf(request)).toMatch(UUID);
    expect(request.rawHeaders).toEqual(['Accept', '*/*', 'X-Request-Id', requestIdOf(request)]);
  });

  it.each(['', 'x'.repeat(129), 'a b', 'a\tb', 'ünicode', '{"a":1}', 'a/b', 'a,b'])(
    'is made where the client’s is not usable: "%s"',
    (id) => {
      const request = requestWith('x-request-id', id, 'Accept', '*/*');
      identify(request);
      expect(requestIdOf(request)).toMatch(UUID);
      expect(request.rawHeaders).toEqual(['Accept', '*/*', 'X-Request-Id', requestIdOf(request)]);
    },
  );

  it('is made where the client sends two', () => {
    const request = requestWith('x-request-id', 'a', 'X-Request-Id', 'b');
    identify(request);
    expect(requestIdOf(request)).toMatch(UUID);
    expect(request.rawHeaders).toHaveLength(2);
  });

  it('is another one each time', () => {
    const [one, other] = [requestWith(), requestWith()];
    identify(one);
    identify(other);
    expect(requestIdOf(one)).not.toBe(requestIdOf(other));
  });
});

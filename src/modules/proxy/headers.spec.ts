import { describe, expect, it } from '@jest/globals';
import { inboundHeaders, outboundHeaders } from './headers.js';

const raw = (...headers: string[]) => headers.map((text) => Buffer.from(text, 'latin1'));

describe('the headers sent to the machine', () => {
  it('are what came, in order and spelling, without what belongs to the client’s connection', () => {
    const came = [
      'Host',
      'gateway',
      'X-Thing',
      'a',
      'Connection',
      'keep-alive',
      'TE',
      'trailers',
      'x-thing',
      'b',
      'Keep-Alive',
      '5',
      'Content-Encoding',
      'zstd',
    ];
    expect(outboundHeaders(came)).toEqual({
      headers: ['X-Thing', 'a', 'x-thing', 'b', 'Content-Encoding', 'zstd'],
      hasBody: false,
      expectsContinue: false,
    });
  });

  it('lack what the Connection header names', () => {
    const came = ['Connection', 'close, X-Hop', 'X-Hop', '1', 'x-hop', '2', 'X-Kept', '3'];
    expect(outboundHeaders(came).headers).toEqual(['X-Kept', '3']);
  });

  it.each(['Authorization', 'cookie', 'X-Api-Key', 'Proxy-Authorization', 'X-GW-Own', 'x-gw-anything'])(
    'lack what is the client’s or the gateway’s own: %s',
    (name) => {
      expect(outboundHeaders([name, 'secret', 'X-GWish', '1']).headers).toEqual(['X-GWish', '1']);
    },
  );

  it.each([
    [['Content-Length', '5'], true],
    [['Content-Length', '0'], false],
    [['Transfer-Encoding', 'chunked'], true],
    [[], false],
  ])('%j have a body: %s', (came, hasBody) => {
    expect(outboundHeaders(came).hasBody).toBe(hasBody);
  });

  it('answer Expect here and do not pass it on', () => {
    expect(outboundHeaders(['Expect', '100-continue'])).toEqual({ headers: [], hasBody: false, expectsContinue: true });
  });
});

describe('the headers sent to the client', () => {
  it('are what the machine said, without what belongs to its connection', () => {
    const said = raw(
      'Content-Type',
      'text/plain',
      'Connection',
      'keep-alive',
      'Transfer-Encoding',
      'chunked',
      'X-Name',
      'grüezi',
    );
    expect(inboundHeaders(said, 'id-1')).toEqual([
      ...['Content-Type', 'text/plain', 'X-Name', 'grüezi'],
      ...['X-Request-Id', 'id-1'],
    ]);
  });

  it.each([
    ['application/x-ndjson', true],
    ['text/event-stream', true],
    ['text/event-stream; charset=utf-8', true],
    ['application/json; charset=utf-8', false],
  ])('of %s ask nginx not to buffer: %s', (type, asked) => {
    expect(inboundHeaders(raw('Content-Type', type), 'id-1').includes('X-Accel-Buffering')).toBe(asked);
  });

  it('lose the name of the server before Ollama, which Ollama itself never sends', () => {
    expect(inboundHeaders(raw('Server', 'nginx'), 'id-1')).toEqual(['X-Request-Id', 'id-1']);
  });

  it('have the id of the request, and none of the machine’s', () => {
    const said = raw('X-REQUEST-ID', 'of the machine', 'Connection', 'X-Request-Id, X-Hop', 'X-Hop', '1');
    expect(inboundHeaders(said, 'id-1')).toEqual(['X-Request-Id', 'id-1']);
  });
});

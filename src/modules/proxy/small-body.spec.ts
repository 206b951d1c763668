import { PassThrough } from 'node:stream';
import type { IncomingMessage } from 'node:http';
import { describe, expect, it } from '@jest/globals';
import { ManualClock } from '../../../test/support/manual-clock.js';
import { isUnload, readSmallBody, SMALL_BODY_BYTES, SMALL_BODY_WITHIN_MS } from './small-body.js';

function request(headers: Record<string, string> = {}): PassThrough & IncomingMessage {
  return Object.assign(new PassThrough(), { headers }) as unknown as PassThrough & IncomingMessage;
}

describe('an unload', () => {
  it.each([
    [{ model: 'm', keep_alive: 0 }, true],
    [{ model: 'm', keep_alive: '0' }, true],
    [{ model: 'm', keep_alive: '0s' }, true],
    [{ model: 'm', prompt: '', keep_alive: 0 }, true],
    [{ model: 'm', messages: [], keep_alive: 0 }, true],
    [{ name: 'm', keep_alive: 0 }, true],
    [{ model: 'm', prompt: 'why?', keep_alive: 0 }, false],
    [{ model: 'm', messages: [{ role: 'user', content: 'why?' }], keep_alive: 0 }, false],
    [{ model: 'm' }, false],
    [{ model: 'm', keep_alive: '10m' }, false],
    [{ model: 'm', keep_alive: -1 }, false],
    [{ keep_alive: 0 }, false],
    ['text', false],
    [null, false],
    [undefined, false],
    [[], false],
  ])('%j: %s', (body, expected) => {
    expect(isUnload(body)).toBe(expected);
  });
});

describe('reading a small body', () => {
  it('gives the JSON and every byte, whatever the chunks', async () => {
    const incoming = request();
    const body = readSmallBody(incoming, new ManualClock());
    incoming.write('{"model":');
    incoming.end('"m"}');
    const { chunks, json } = await body;
    expect(json).toEqual({ model: 'm' });
    expect(Buffer.concat(chunks).toString()).toBe('{"model":"m"}');
  });

  it('stops at the limit and loses no byte of what it read', async () => {
    const incoming = request();
    const body = readSmallBody(incoming, new ManualClock());
    const whole = Buffer.alloc(SMALL_BODY_BYTES + 5000, 'x');
    incoming.end(whole);
    const { chunks, json } = await body;
    const rest: Buffer[] = [];
    for await (const chunk of incoming) rest.push(chunk as Buffer);
    expect(json).toBeUndefined();
    expect(Buffer.concat([...chunks, ...rest]).equals(whole)).toBe(true);
  });

  it.each([
    ['a body that is declared too big', { 'content-length': String(SMALL_BODY_BYTES + 1) }],
    ['a client that waits for 100 Continue', { expect: '100-continue' }],
  ])('does not read %s', async (_what, headers) => {
    const incoming = request(headers);
    incoming.write('x');
    expect(await readSmallBody(incoming, new ManualClock())).toEqual({ chunks: [], json: undefined });
    expect(incoming.readableLength).toBe(1);
  });

  it('ends when the client leaves in the middle', async () => {
    const incoming = request();
    const body = readSmallBody(incoming, new ManualClock());
    incoming.write('{"mod');
    incoming.destroy();
    expect((await body).json).toBeUndefined();
  });

  it('does not wait for a sender that stalls, and loses no byte of what came', async () => {
    const clock = new ManualClock();
    const incoming = request();
    const body = readSmallBody(incoming, clock);
    incoming.write('{"mod');
    await clock.advance(SMALL_BODY_WITHIN_MS);
    const { chunks, json } = await body;
    expect(json).toBeUndefined();
    expect(Buffer.concat(chunks).toString()).toBe('{"mod');
  });

  it('takes what is no JSON for what it is', async () => {
    const incoming = request();
    const body = readSmallBody(incoming, new ManualClock());
    incoming.end('hello');
    expect((await body).json).toBeUndefined();
  });
});

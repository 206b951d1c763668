/** Whatever a client sends arrives as it is; whenever it leaves, nothing of it remains. Over random requests and departures. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import { endEverything } from '../support/endings.js';
import { eventually } from '../support/eventually.js';
import { readReply } from '../support/ollama-client.js';
import { MARK, ScriptedOllama } from '../support/scripted-ollama.js';
import { TestBed } from '../support/test-bed.js';

jest.setTimeout(60_000);

let machine: ScriptedOllama;
let bed: TestBed;
beforeAll(async () => {
  machine = await ScriptedOllama.open();
  bed = await TestBed.start({ host: machine });
  await bed.ready();
});
beforeEach(() => void (machine.received.length = 0));
afterAll(endEverything);

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND', 'REPORT', 'LINK'];
/** Printable ASCII without the space, which ends a target, and `#`, which never leaves a client. */
const targetText = fc.string({
  unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => (code === 0x23 ? '%23' : String.fromCharCode(code))),
});
const target = fc.tuple(fc.constantFrom('/api/', '/v1/', '//', '/x'), targetText).map((parts) => parts.join(''));
const token = fc.string({ unit: fc.constantFrom(...'abcXYZ019-_.!~'), minLength: 1, maxLength: 12 });
const value = fc
  .string({ unit: fc.integer({ min: 0x20, max: 0xff }).map((code) => String.fromCharCode(code)), maxLength: 40 })
  .map((text) => text.replace(/\x7f/g, '').trim());
/** The prefix keeps the names away from those that belong to a connection. */
const headers = fc
  .array(
    fc.tuple(
      token.map((name) => `X-${name}`),
      value,
    ),
    { maxLength: 8 },
  )
  .map((all) => all.flat());
const body = fc.uint8Array({ maxLength: 3000 }).map((bytes) => Buffer.from(bytes));
const framing = fc.constantFrom('length', 'chunked');

describe('any request', () => {
  it('arrives at the machine as it was sent, and any answer at the client as it was given', async () => {
    const answer = fc.record({
      status: fc.integer({ min: 200, max: 599 }).filter((status) => status !== 204 && status !== 304),
      headers,
      body,
    });
    const request = fc.record({ method: fc.constantFrom(...METHODS), target, headers, body, framing });
    const property = fc.asyncProperty(request, answer, async (sent, given) => {
      machine.received.length = 0;
      machine.handler = (incoming, response) =>
        void machine.receive(incoming).then(() => {
          response.sendDate = false;
          response.writeHead(given.status, given.headers).end(given.body);
        });
      const frame =
        sent.framing === 'chunked' ? ['Transfer-Encoding', 'chunked'] : ['Content-Length', String(sent.body.length)];
      const call = bed.ollama.open({
        method: sent.method,
        path: sent.target,
        headers: [...sent.headers, MARK, '1', ...frame],
      });
      call.request.end(sent.body);
      const response = await call.response;
      const rawHeaders = response.rawHeaders;
      const reply = await readReply(response);

      const [arrived] = machine.received;
      expect([arrived?.method, arrived?.url]).toEqual([sent.method, sent.target]);
      expect(onlyX(arrived?.headers ?? [])).toEqual(sent.headers);
      expect(arrived?.body.equals(sent.body)).toBe(true);
      expect(reply.status).toBe(given.status);
      expect(onlyX(rawHeaders)).toEqual(given.headers);
      expect(reply.body.equals(given.body)).toBe(true);
    });
    await fc.assert(property, { numRuns: 150 });
  });
});

describe('any client that leaves at any moment', () => {
  const CLIENTS = 200;

  /** Reads everything, answers in many small pieces with pauses between: there is always something to interrupt. */
  async function answerSlowly(request: IncomingMessage, response: ServerResponse): Promise<void> {
    request.on('error', () => undefined).resume();
    for (let count = 0; count < 20 && !response.destroyed; count += 1) {
      response.write('x'.repeat(1000));
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    response.end();
  }

  /** Each client leaves after a time of its own, some of them in the middle of their body. */
  async function comeAndGo(latestMs: number): Promise<void> {
    const departure = fc.record({
      afterMs: fc.integer({ min: 0, max: latestMs }),
      bytes: fc.nat(200_000),
      whole: fc.boolean(),
    });
    await Promise.all(
      fc.sample(departure, { numRuns: CLIENTS, seed: 20_260_901 }).map(async ({ afterMs, bytes, whole }) => {
        const headers = { 'Transfer-Encoding': 'chunked', Prefer: 'wait=60', [MARK]: '1' };
        const call = bed.ollama.open({ method: 'POST', path: '/api/generate', headers });
        call.request.on('response', (response) => response.on('error', () => undefined).resume());
        call.request.write(Buffer.alloc(bytes));
        if (whole) call.request.end();
        await new Promise((resolve) => setTimeout(resolve, afterMs));
        call.leave();
      }),
    );
    await bed.gateway.until('nothing is in flight', (now) => now.in_flight === 0 && now.held === 0);
    await eventually('nothing is open at the machine', () => machine.openRequests === 0);
    expect(bed.gateway.logged('the machine did not answer a forwarded request')).toBeUndefined();
  }

  beforeEach(() => void (machine.handler = (request, response) => void answerSlowly(request, response)));

  it('leaves nothing in flight and nothing open at the machine', async () => {
    // On a busy machine the first crowd may have left before any of it was heard.
    for (const latestMs of [150, 600, 2400]) if (machine.abandoned === 0) await comeAndGo(latestMs);
    expect(machine.abandoned).toBeGreaterThan(0);
    expect((await bed.gateway.status()).phase).toBe('ready');
  });

  it('leaves nothing held either, while the machine is on its way and as it arrives', async () => {
    await bed.cloud.stopByHand(bed.instanceId);
    await bed.gateway.untilPhase('stopped');
    await comeAndGo(1000);
    await bed.gateway.untilPhase('ready');
    expect(bed.cloud.maxConcurrentBilled()).toBe(1);
  });
});

/** Those that the test has made; the id of the request is the gateway's. */
function onlyX(rawHeaders: readonly string[]): string[] {
  return rawHeaders.filter((_, index) => /^X-(?!Request-Id$)/.test(String(rawHeaders[index - (index % 2)])));
}

/** Bytes under way in both directions: at once, in any amount, and never more in memory than in the pipes. */
import { createHash, randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { endEverything } from '../support/endings.js';
import { settled } from '../support/eventually.js';
import { type OpenCall, readReply } from '../support/ollama-client.js';
import { MARK, ScriptedOllama } from '../support/scripted-ollama.js';
import { TestBed } from '../support/test-bed.js';

jest.setTimeout(60_000);

const MIB = 1024 * 1024;
const BLOCK = randomBytes(MIB);
const WHOLE_MIB = 64;
/** What two connections over loopback keep in kernel buffers, and some more. */
const IN_THE_PIPES_MIB = 24;

let machine: ScriptedOllama;
let bed: TestBed;
beforeAll(async () => {
  machine = await ScriptedOllama.open();
  bed = await TestBed.start({ host: machine });
  await bed.ready();
});
afterAll(endEverything);

function openPost(path: string, headers: Record<string, string> = { 'Transfer-Encoding': 'chunked' }): OpenCall {
  return bed.ollama.open({ method: 'POST', path, headers: { ...headers, [MARK]: '1' } });
}

/** Writes the same block again and again, as fast as the other side takes it. */
async function pour(target: ServerResponse | OpenCall['request'], blocks: number, onBlock = (): void => undefined) {
  for (let count = 0; count < blocks; count += 1) {
    onBlock();
    if (!target.write(BLOCK)) await new Promise((resolve) => target.once('drain', resolve));
  }
  target.end();
}

function hashOf(blocks: number): string {
  const hash = createHash('sha256');
  for (let count = 0; count < blocks; count += 1) hash.update(BLOCK);
  return hash.digest('hex');
}

async function hashOfStream(stream: IncomingMessage): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of stream as AsyncIterable<Buffer>) hash.update(chunk);
  return hash.digest('hex');
}

describe('an answer under way', () => {
  it('reaches the client chunk by chunk: each one before the next is made', async () => {
    let upstream: ServerResponse | undefined;
    machine.handler = (request, response) => {
      request.resume();
      response.writeHead(200, { 'Content-Type': 'application/x-ndjson' });
      response.write('{"n":0}\n');
      upstream = response;
    };
    const call = openPost('/api/generate');
    call.request.end('{}');
    const response = await call.response;
    const lines: string[] = [];
    for await (const chunk of response as AsyncIterable<Buffer>) {
      lines.push(chunk.toString());
      if (lines.length === 50) upstream?.end();
      else upstream?.write(`{"n":${lines.length}}\n`);
    }
    expect(lines).toEqual(Array.from({ length: 50 }, (_, n) => `{"n":${n}}\n`));
  });

  it('has its head delivered when the machine sends it alone', async () => {
    let upstream: ServerResponse | undefined;
    machine.handler = (request, response) => {
      request.resume();
      response.writeHead(200, { 'Content-Type': 'text/event-stream' }).flushHeaders();
      upstream = response;
    };
    const call = openPost('/v1/chat/completions');
    call.request.end('{}');
    const response = await call.response;
    expect(response.statusCode).toBe(200);
    upstream?.end('data: [DONE]\n\n');
    expect((await readReply(response)).text).toBe('data: [DONE]\n\n');
  });

  it('waits for a slow reader at the machine, not in the memory of the gateway', async () => {
    let poured = 0;
    machine.handler = (_request, response) => void pour(response, WHOLE_MIB, () => (poured += 1));
    const call = openPost('/api/generate', {});
    call.request.end();
    const response = await call.response;
    expect(await settled(() => poured)).toBeLessThan(IN_THE_PIPES_MIB);
    expect(await hashOfStream(response)).toBe(hashOf(WHOLE_MIB));
  });
});

describe('an upload', () => {
  it('of any size arrives whole, without a length', async () => {
    machine.handler = (request, response) => void hashOfStream(request).then((hash) => response.end(hash));
    const call = openPost('/api/blobs/sha256:0');
    await pour(call.request, WHOLE_MIB);
    expect((await readReply(await call.response)).text).toBe(hashOf(WHOLE_MIB));
  });

  it('reaches the machine chunk by chunk, and an answer may begin before it ends', async () => {
    machine.handler = (request, response) => void request.pipe(response);
    const call = openPost('/api/blobs/sha256:0');
    call.request.write('chunk 0');
    let chunks = 0;
    for await (const echo of (await call.response) as AsyncIterable<Buffer>) {
      expect(echo.toString()).toBe(`chunk ${chunks}`);
      chunks += 1;
      if (chunks === 20) call.request.end();
      else call.request.write(`chunk ${chunks}`);
    }
    expect(chunks).toBe(20);
  });

  it('waits for a slow machine at the client, not in the memory of the gateway', async () => {
    const slow: { request?: IncomingMessage; response?: ServerResponse } = {};
    machine.handler = (request, response) => void Object.assign(slow, { request, response });
    const call = openPost('/api/blobs/sha256:0');
    let poured = 0;
    const sent = pour(call.request, WHOLE_MIB, () => (poured += 1));
    expect(await settled(() => poured)).toBeLessThan(IN_THE_PIPES_MIB);
    expect(await hashOfStream(slow.request as IncomingMessage)).toBe(hashOf(WHOLE_MIB));
    await sent;
    slow.response?.end('done');
    expect((await readReply(await call.response)).text).toBe('done');
  });

  it('that the machine does not want (the blob is there already) ends with the machine’s answer', async () => {
    // As Go does it: the answer, the end of the sending half, and no more reading.
    const head = ['HTTP/1.1 200 OK', 'Connection: close', 'Content-Length: 5', '', 'known'].join('\r\n');
    machine.handler = (request) => void request.socket.end(head);
    const call = openPost('/api/blobs/sha256:0', { 'Transfer-Encoding': 'chunked', Connection: 'keep-alive' });
    void pour(call.request, WHOLE_MIB);
    const response = await call.response;
    expect([response.statusCode, (await readReply(response)).text]).toEqual([200, 'known']);
    await bed.gateway.until('nothing is in flight', ({ in_flight: inFlight }) => inFlight === 0);
  });
});

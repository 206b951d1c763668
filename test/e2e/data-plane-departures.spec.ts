/** A client that leaves is the only way to cancel anything in Ollama's API: the machine must hear of it at once. */
import type { ServerResponse } from 'node:http';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { endEverything } from '../support/endings.js';
import { eventually } from '../support/eventually.js';
import type { OpenCall } from '../support/ollama-client.js';
import { RawConnection } from '../support/raw-connection.js';
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
beforeEach(() => void (machine.abandoned = 0));
afterEach(async () => {
  await bed.gateway.until('nothing is in flight', ({ in_flight: inFlight }) => inFlight === 0);
  expect(machine.openRequests).toBe(0);
  // It was the client: nobody suspects the machine.
  expect(bed.gateway.logged('the machine did not answer a forwarded request')).toBeUndefined();
  expect(bed.gateway.logged('the machine broke off in the middle of an answer')).toBeUndefined();
  expect((await bed.gateway.status()).phase).toBe('ready');
});
afterAll(endEverything);

function open(path: string, body?: string): OpenCall {
  const framing: Record<string, string> = body === undefined ? { 'Transfer-Encoding': 'chunked' } : {};
  const call = bed.ollama.open({ method: 'POST', path, headers: { ...framing, [MARK]: '1' }, body });
  if (body === undefined) call.request.flushHeaders();
  else call.request.end(body);
  return call;
}

const arrived = (): Promise<unknown> => eventually('the request has arrived', () => machine.openRequests === 1);
const cancelled = (): Promise<unknown> => eventually('the machine has heard of it', () => machine.abandoned === 1);

describe('a client that leaves', () => {
  it('before the first byte of a stream cancels it', async () => {
    machine.handler = (request) => void request.resume();
    const call = open('/api/generate', '{}');
    await arrived();
    call.leave();
    await cancelled();
  });

  it('in the middle of a stream cancels it', async () => {
    machine.handler = (_request, response) => {
      response.writeHead(200, { 'Content-Type': 'application/x-ndjson' }).write('{"n":0}\n');
    };
    const call = open('/api/generate', '{}');
    (await call.response).once('error', () => undefined).resume();
    call.leave();
    await cancelled();
  });

  it('before an answer that is no stream cancels it', async () => {
    machine.handler = (request, response) => {
      request.resume();
      response.setHeader('Content-Type', 'application/json');
    };
    const call = open('/v1/embeddings', '{"input":"x"}');
    await arrived();
    call.leave();
    await cancelled();
  });

  it('in the middle of its upload cancels it', async () => {
    let bytes = 0;
    machine.handler = (request) => void request.on('data', (chunk: Buffer) => (bytes += chunk.length));
    const call = open('/api/blobs/sha256:0');
    call.request.write('x'.repeat(100_000));
    await eventually('some of it has arrived', () => bytes === 100_000);
    call.leave();
    await cancelled();
  });

  it('in the middle of an upload with a length cancels it', async () => {
    let bytes = 0;
    machine.handler = (request) => void request.on('data', (chunk: Buffer) => (bytes += chunk.length));
    const headers = { 'Content-Length': '200000', [MARK]: '1' };
    const call = bed.ollama.open({ method: 'POST', path: '/api/blobs/sha256:0', headers });
    call.request.write('x'.repeat(100_000));
    await eventually('some of it has arrived', () => bytes === 100_000);
    call.leave();
    await cancelled();
  });

  it('by closing only its sending half cancels it too, as with Go’s server', async () => {
    machine.handler = (request) => void request.resume();
    const connection = await RawConnection.open(bed.gateway.url);
    connection.send('POST /api/generate HTTP/1.1', 'Host: x', `${MARK}: 1`, 'Content-Length: 0', '');
    await arrived();
    connection.halfClose();
    await cancelled();
    await connection.closed;
  });

  it('while it reads too slowly cancels what waits for it', async () => {
    machine.handler = (_request, response) => {
      const block = Buffer.alloc(1024 * 1024);
      const pour = (): void => {
        while (response.write(block));
      };
      response.on('drain', pour);
      pour();
    };
    const call = open('/api/generate', '{}');
    await call.response;
    call.leave();
    await cancelled();
  });

  it('does not disturb the others', async () => {
    const answers: ServerResponse[] = [];
    machine.handler = (_request, response) => {
      response.writeHead(200, { 'Content-Type': 'application/x-ndjson' }).write('first ');
      answers.push(response);
    };
    const [leaving, staying] = [open('/api/generate', '{}'), open('/api/generate', '{}')];
    (await leaving.response).once('error', () => undefined).resume();
    const response = await staying.response;
    leaving.leave();
    await cancelled();
    for (const answer of answers) answer.end('last');
    let text = '';
    for await (const chunk of response as AsyncIterable<Buffer>) text += chunk.toString();
    expect(text).toBe('first last');
  });
});

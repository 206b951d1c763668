import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { stream } from 'undici';
import { endEverything } from '../../../test/support/endings.js';
import { eventually } from '../../../test/support/eventually.js';
import { listening } from '../../../test/support/listening.js';
import { ManualClock } from '../../../test/support/manual-clock.js';
import { RawConnection } from '../../../test/support/raw-connection.js';
import { identify } from './request-id.js';
import { STALLED_AFTER_MS, StalledUploads } from './stalled-uploads.js';

const MINUTE_MS = 60_000;

let clock: ManualClock;
let uploads: StalledUploads;
let arrived: { request: IncomingMessage; response: ServerResponse } | null;
/** What the server does with a request. */
let serve: (request: IncomingMessage, response: ServerResponse) => void;
let connection: RawConnection;

beforeEach(async () => {
  clock = new ManualClock();
  uploads = new StalledUploads(clock);
  arrived = null;
  serve = (request) => void request.resume();
  const server = createServer({ requestTimeout: 0 }, (request, response) => {
    identify(request);
    uploads.follow(request, response);
    arrived = { request, response };
    serve(request, response);
  });
  connection = await RawConnection.open(await listening(server));
});
afterEach(endEverything);

async function upload(...head: string[]): Promise<NonNullable<typeof arrived>> {
  connection.send('POST /api/blobs/x HTTP/1.1', 'Host: x', ...head, '');
  await eventually('the request arrives', () => arrived !== null);
  return arrived as NonNullable<typeof arrived>;
}

/** Sends a byte and resolves when the server has it. */
async function sendByte(): Promise<void> {
  const before = arrived?.request.socket.bytesRead ?? 0;
  await connection.write('x');
  await eventually('the byte arrives', () => (arrived?.request.socket.bytesRead ?? 0) > before);
}

describe('a body that stops coming', () => {
  it('ends its request after five minutes, in the gateway’s words, and closes the connection', async () => {
    const { request, response } = await upload('Content-Length: 100');
    await sendByte();
    await clock.advance(STALLED_AFTER_MS - MINUTE_MS);
    expect(connection.text).toBe('');
    await clock.advance(2 * MINUTE_MS);
    await connection.closed;
    expect(connection.text).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\n/);
    expect(connection.text).toMatch(/\r\nx-gateway-error: request_timeout\r\n/);
    expect(connection.text).toMatch(/\r\nconnection: close\r\n/);
    expect(JSON.parse(String(connection.text.split('\r\n\r\n')[1]))).toMatchObject({ code: 'request_timeout' });
    // Whoever reads the body, and whoever answers, hears of it.
    await eventually('both sides have ended', () => response.closed && request.destroyed);
    expect(uploads.size).toBe(0);
  });

  it('ends its request as a cut connection when its answer has begun', async () => {
    serve = (request, response) => void (request.resume(), response.write('{"status":"reading"}\n'));
    const { response } = await upload('Transfer-Encoding: chunked');
    await clock.advance(STALLED_AFTER_MS + MINUTE_MS);
    await connection.closed;
    expect(connection.text).not.toContain('408');
    expect(response.writableFinished).toBe(false);
  });

  it('does not hold a connection whose answer is over', async () => {
    serve = (_request, response) => void response.end('done');
    await upload('Content-Length: 100');
    await eventually('the answer', () => connection.text.endsWith('done'));
    await clock.advance(STALLED_AFTER_MS + MINUTE_MS);
    await connection.closed;
    expect(uploads.size).toBe(0);
  });
});

describe('a body that has been forwarded', () => {
  // undici takes the socket off a body that it has sent: a look at an answer that went on ended the process.
  it('is looked at no more, however long its answer takes', async () => {
    const machine = createServer((request, response) => {
      request.resume().once('end', () => response.write('the first token'));
    });
    const machineUrl = await listening(machine);
    serve = (request, response) => {
      stream(machineUrl, { method: 'POST', body: request }, () => response).catch(() => undefined);
    };
    await upload('Content-Length: 1');
    await connection.write('x');
    await eventually('the first token', () => connection.text.includes('the first token'));
    await clock.advance(MINUTE_MS);
    expect(uploads.size).toBe(0);
  });
});

describe('a body that comes slowly', () => {
  it('may take as long as it takes', async () => {
    await upload('Content-Length: 100');
    for (let i = 0; i < 10; i += 1) {
      await sendByte();
      await clock.advance(STALLED_AFTER_MS - MINUTE_MS);
    }
    expect(connection.text).toBe('');
  });

  it('is not its sender’s fault while the request is held and nobody reads', async () => {
    serve = () => undefined;
    const { request } = await upload('Content-Length: 100');
    await clock.advance(3 * STALLED_AFTER_MS);
    expect(connection.text).toBe('');
    request.resume();
    await clock.advance(STALLED_AFTER_MS - MINUTE_MS);
    expect(connection.text).toBe('');
  });

  it('is not its sender’s fault while the machine does not take what has come', async () => {
    serve = (request) => void request.once('readable', () => undefined);
    const { request } = await upload('Content-Length: 100');
    await sendByte();
    await eventually('the byte is buffered', () => request.readableLength === 1);
    await clock.advance(3 * STALLED_AFTER_MS);
    expect(connection.text).toBe('');
  });
});

describe('a request whose body is complete', () => {
  it.each([
    ['without a body', ['Content-Length: 0']],
    ['with one', ['Content-Length: 1']],
  ])('may be answered whenever it is (%s)', async (_what, head) => {
    const { request, response } = await upload(...head);
    if (request.headers['content-length'] === '1') await connection.write('x');
    await eventually('the body is complete', () => request.complete);
    await clock.advance(10 * STALLED_AFTER_MS);
    response.end('late');
    await eventually('the answer', () => connection.text.endsWith('late'));
    await eventually('the response closes', () => response.closed);
    expect(uploads.size).toBe(0);
  });
});

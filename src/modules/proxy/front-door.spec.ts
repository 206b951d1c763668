/** What the listener itself does with heads, limits and refusals, over real connections; what is behind it is a fake. */
import { createHash } from 'node:crypto';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { endEverything } from '../../../test/support/endings.js';
import { eventually } from '../../../test/support/eventually.js';
import { listening } from '../../../test/support/listening.js';
import { ManualClock } from '../../../test/support/manual-clock.js';
import { RawConnection } from '../../../test/support/raw-connection.js';
import { Tallies } from '../../common/metrics/tallies.js';
import { AccessRules } from '../access/access-rules.js';
import { parseApiKeys } from '../access/api-keys.js';
import { ClientAddresses } from '../access/client-address.js';
import { BrokenRequests } from './broken-requests.js';
import { FrontDoor, type DataPlane } from './front-door.js';
import { RequestLog } from './request-log.js';
import { RequestMeter } from './request-meter.js';
import { StalledUploads } from './stalled-uploads.js';

let server: Server;
let url: string;
let clock: ManualClock;
let lines: Record<string, unknown>[];
/** What has come through the door, and what is done with it there. */
let forwarded: IncomingMessage[];
let serve: (request: IncomingMessage, response: ServerResponse) => void;
let leases: number;

beforeEach(() => {
  clock = new ManualClock();
  lines = [];
  forwarded = [];
  leases = 0;
  serve = (request, response) => void request.resume().once('end', () => response.end('served'));
});
afterEach(endEverything);

async function open(keys: string | null = null): Promise<void> {
  const write = (fields: object, msg: string) => void lines.push({ msg, ...fields });
  const log = { debug: write, info: write, warn: write, error: write };
  const addresses = new ClientAddresses([]);
  const meter = new RequestMeter(new Tallies(), clock);
  const door = new FrontDoor();
  door.attach({
    access: new AccessRules(keys === null ? null : { current: parseApiKeys(keys).keys }, 'deny'),
    gate: { tryAcquire: () => ((leases += 1), { release: () => undefined }) },
    forwarder: {
      forward: (request: IncomingMessage, response: ServerResponse) => {
        forwarded.push(request);
        serve(request, response);
      },
    },
    requestLog: new RequestLog(log, clock, addresses),
    meter,
    uploads: new StalledUploads(clock),
    broken: new BrokenRequests(log, clock, addresses, meter),
  } as unknown as DataPlane);
  server = door.createServer((_request, response) => void response.end('framework'));
  server.on('clientError', (fault, socket) => door.refuse(fault, socket as Socket));
  url = await listening(server);
}

const connect = (): Promise<RawConnection> => RawConnection.open(url);

/** Sends the lines and answers everything that comes back until the connection closes. */
async function answerTo(...head: string[]): Promise<string> {
  const connection = await connect();
  connection.send(...head);
  await connection.closed;
  return connection.text;
}

/** The JSON of an answer that must be one of the gateway's own errors. */
function errorOf(answer: string): Record<string, unknown> {
  const [head = '', body = ''] = answer.split('\r\n\r\n');
  const error = JSON.parse(body) as Record<string, unknown>;
  expect(body).not.toContain('\n');
  expect(head).toMatch(/\r\ncontent-type: application\/json; charset=utf-8/i);
  expect(head).toMatch(new RegExp(`\r\nx-gateway-error: ${String(error.code)}`, 'i'));
  expect(head).toMatch(/\r\nx-request-id: [0-9a-f-]{36}/i);
  return { status: Number(head.split(' ')[1]), code: error.code, error: error.error };
}

describe('what is no request', () => {
  const CASES: [string, string[], number, string][] = [
    [
      'a head that is too large',
      ['GET / HTTP/1.1', 'Host: x', `X-Long: ${'x'.repeat(33_000)}`, ''],
      431,
      'headers_too_large',
    ],
    ['a target that is too large', [`GET /${'x'.repeat(33_000)} HTTP/1.1`, 'Host: x', ''], 431, 'headers_too_large'],
    ['no HTTP', ['SSH-2.0-OpenSSH_9.6'], 400, 'bad_request'],
    ['a start of TLS', ['\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'], 400, 'bad_request'],
    ['HTTP/2', ['PRI * HTTP/2.0', '', 'SM', ''], 400, 'bad_request'],
    ['an unknown method', ['FETCH / HTTP/1.1', 'Host: x', ''], 400, 'bad_request'],
    ['a length that is none', ['POST / HTTP/1.1', 'Host: x', 'Content-Length: 1x', ''], 400, 'bad_request'],
    ['two lengths', ['POST / HTTP/1.1', 'Host: x', 'Content-Length: 1', 'Content-Length: 2', ''], 400, 'bad_request'],
    [
      'a length beside chunks',
      ['POST / HTTP/1.1', 'Host: x', 'Content-Length: 1', 'Transfer-Encoding: chunked', ''],
      400,
      'bad_request',
    ],
    ['a folded header', ['GET / HTTP/1.1', 'Host: x', 'X-A: 1', ' 2', ''], 400, 'bad_request'],
    ['a space before a colon', ['GET / HTTP/1.1', 'Host : x', ''], 400, 'bad_request'],
    ['CONNECT', ['CONNECT example.com:443 HTTP/1.1', 'Host: example.com', ''], 400, 'bad_request'],
  ];

  it.each(CASES)(
    'is answered in one line of JSON, and the connection closed: %s',
    async (_what, head, status, code) => {
      await open();
      const answer = await answerTo(...head);
      expect(errorOf(answer)).toEqual({ status, code, error: expect.any(String) });
      expect(answer).toMatch(/\r\nconnection: close\r\n/i);
      expect(forwarded).toEqual([]);
      expect(lines).toEqual([
        expect.objectContaining({ msg: 'a connection without a request', client: '127.0.0.1', status, code }),
      ]);
    },
  );

  it('is answered, too, where Node would say nothing of use', async () => {
    await open();
    const noHost = ['GET /api/tags HTTP/1.1', 'Connection: close', ''];
    expect(errorOf(await answerTo(...noHost))).toMatchObject({ status: 400, error: expect.stringMatching(/Host/) });
    const expecting = ['GET /api/tags HTTP/1.1', 'Host: x', 'Expect: the-worst', 'Connection: close', ''];
    expect(errorOf(await answerTo(...expecting))).toMatchObject({
      status: 400,
      error: expect.stringMatching(/100-con/),
    });
    expect(forwarded).toEqual([]);
  });

  it('does not tell what it was', async () => {
    await open();
    const answer = await answerTo('GET / HTTP/1.1', 'Host: x', 'Authorization Bearer sk-secret', '');
    expect(answer + JSON.stringify(lines)).not.toContain('sk-secret');
  });

  it('is heard by a client that is still sending', async () => {
    await open();
    const connection = await connect();
    connection.send('GET / HTTP/1.1', `X-Long: ${'x'.repeat(40_000)}`);
    for (let i = 0; i < 20; i += 1) await connection.write('x'.repeat(100_000));
    await connection.closed;
    expect(connection.fault).toBeNull();
    expect(errorOf(connection.text)).toMatchObject({ status: 431 });
  });

  it('does not keep a connection whose client does not close it', async () => {
    await open();
    const connection = await connect();
    connection.send('SSH-2.0-OpenSSH_9.6');
    await connection.closed;
    const connections = () => new Promise<number>((resolve) => server.getConnections((_, count) => resolve(count)));
    expect(await connections()).toBe(1);
    await clock.advance(2000);
    await eventually('nothing is left of it', async () => (await connections()) === 0);
  });
});

describe('a head of up to 32 KiB', () => {
  it('is taken', async () => {
    await open();
    expect(
      await answerTo('GET /api/tags HTTP/1.1', 'Host: x', `X-Long: ${'x'.repeat(31_000)}`, 'Connection: close', ''),
    ).toMatch(/served/);
  });
});

describe('a head that does not arrive', () => {
  it('is waited for 20 seconds, and then answered with 408', async () => {
    await open();
    expect(server.headersTimeout).toBe(20_000);
    // Node's own clock: the limit is made short for the test.
    server.headersTimeout = 20;
    const answer = await answerTo('GET / HTTP/1.1', 'Host: x');
    expect(errorOf(answer)).toMatchObject({ status: 408, code: 'request_timeout' });
  });
});

describe('a request that breaks in its body', () => {
  it('is answered with 400 when there is no answer yet', async () => {
    await open();
    const connection = await connect();
    connection.send('POST /api/chat HTTP/1.1', 'Host: x', 'Transfer-Encoding: chunked', '', 'zz');
    await connection.closed;
    expect(errorOf(connection.text)).toMatchObject({ status: 400, code: 'bad_request' });
    await eventually('the line in the log', () => lines.length > 0);
    expect(lines).toEqual([expect.objectContaining({ msg: 'request', status: 400 })]);
  });

  it('is cut when its answer has begun, and nothing is written into it', async () => {
    await open();
    serve = (request, response) => void (request.resume(), response.write('begun'));
    const connection = await connect();
    connection.send('POST /api/chat HTTP/1.1', 'Host: x', 'Transfer-Encoding: chunked', '');
    await eventually('the answer begins', () => connection.text.includes('begun'));
    connection.send('zz');
    await connection.closed;
    expect(connection.text).not.toContain('400');
  });
});

describe('garbage behind a good request', () => {
  it('does not disturb its answer; the connection ends with it', async () => {
    await open();
    let answer: ServerResponse | undefined;
    serve = (_request, response) => void (answer = response).write('begun ');
    const connection = await connect();
    connection.send('GET /api/tags HTTP/1.1', 'Host: x', '', 'garbage', 'garbage', '');
    await eventually('the answer begins', () => connection.text.includes('begun'));
    connection.send('more garbage');
    answer?.write('and ');
    answer?.end('finished');
    await connection.closed;
    expect(connection.text).toMatch(/begun[^]*and[^]*finished/);
    expect(connection.text).not.toContain('400');
  });
});

describe('the order at the door', () => {
  const KEYS = `alice:${createHash('sha256').update('sk-alice').digest('hex')}`;
  const ask = async (method: string, path: string, ...headers: string[]): Promise<string> =>
    answerTo(`${method} ${path} HTTP/1.1`, 'Host: x', 'Connection: close', ...headers, '');

  it('is: internal paths, then the key, then the management of models, then the machine', async () => {
    await open(KEYS);
    const key = 'Authorization: Bearer sk-alice';
    expect(errorOf(await ask('PUT', '/__link/drain'))).toMatchObject({ status: 404, code: 'not_found' });
    expect(errorOf(await ask('POST', '/api/pull'))).toMatchObject({ status: 401, code: 'unauthorized' });
    expect(errorOf(await ask('POST', '/api/pull', key))).toMatchObject({ status: 403, code: 'management_denied' });
    expect(leases).toBe(0);
    expect(await ask('POST', '/api/chat', key)).toMatch(/served/);
    expect(leases).toBe(1);
    expect(lines.map(({ status, key: name }) => [status, name])).toEqual([
      [404, undefined],
      [401, undefined],
      [403, 'alice'],
      [200, 'alice'],
    ]);
  });

  it('lets probes to the framework without a key, and to nothing else', async () => {
    await open(KEYS);
    expect(await ask('GET', '/health/live')).toMatch(/framework/);
    expect(await ask('POST', '/health/../api/chat')).toMatch(/framework/);
    expect(leases).toBe(0);
  });

  it('answers a preflight itself when there are keys: without one nothing reaches the machine', async () => {
    await open(KEYS);
    const asked = ['Origin: http://localhost:3000', 'Access-Control-Request-Method: POST'];
    const answer = await ask('OPTIONS', '/api/chat', ...asked);
    expect(answer).toMatch(/^HTTP\/1\.1 204 /);
    expect(answer).toMatch(/\r\naccess-control-allow-headers: Authorization,/i);
    expect(leases).toBe(0);
  });

  it('leaves preflights to the machine when there are none', async () => {
    await open();
    expect(await ask('OPTIONS', '/api/chat', 'Access-Control-Request-Method: POST')).toMatch(/served/);
    expect(leases).toBe(1);
  });

  it('gives every answer the id of its request', async () => {
    await open();
    for (const path of ['/api/pull', '/__link/drain', '/status']) {
      expect(await ask('GET', path, 'X-Request-Id: mine-1')).toMatch(/\r\nx-request-id: mine-1\r\n/i);
    }
    expect(lines.map(({ requestId }) => requestId)).toEqual(['mine-1', 'mine-1', 'mine-1']);
  });
});

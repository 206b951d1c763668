/** What a ready machine gets of a request, and a client of its answer: everything as it was, but for the connection's own. */
import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { endEverything } from '../support/endings.js';
import { eventually } from '../support/eventually.js';
import type { Call } from '../support/ollama-client.js';
import { RawConnection } from '../support/raw-connection.js';
import { MARK, type Received, ScriptedOllama } from '../support/scripted-ollama.js';
import { TestBed } from '../support/test-bed.js';

jest.setTimeout(60_000);

let machine: ScriptedOllama;
let bed: TestBed;
beforeAll(async () => {
  machine = await ScriptedOllama.open();
  bed = await TestBed.start({ host: machine });
  await bed.ready();
});
beforeEach(() => {
  machine.received.length = 0;
  machine.handler = (request, response) => void machine.echo(request, response);
});
afterAll(endEverything);

/** Sends a marked request and answers what arrived at the machine. */
async function arrival(call: Call): Promise<Received> {
  const given = Array.isArray(call.headers) ? (call.headers as string[]) : Object.entries(call.headers ?? {}).flat();
  const reply = await bed.ollama.send({ ...call, headers: [...given, MARK, '1'] });
  expect(reply.status).toBe(200);
  const [received, ...more] = machine.received;
  expect(more).toEqual([]);
  return received as Received;
}

describe('a request to a ready machine', () => {
  it.each([
    '/api/%zz',
    '/api/x?y=%zz&empty=&z',
    '//api//generate',
    '/api/../v1/./models',
    '/api/generate?',
    '/v1/models/hf.co%2Fuser%2Fmodel:Q4',
    '/nobody/knows/this',
    '/api/{curly}|"quoted"^[]',
  ])('arrives with its target as it was: %s', async (path) => {
    expect((await arrival({ path })).url).toBe(path);
    expect((await bed.ollama.post(path, 'x', { [MARK]: '1' })).text).toBe(`POST ${path}`);
  });

  it('arrives with a target of many kilobytes', async () => {
    const path = `/api/tags?${'long'.repeat(2000)}`;
    expect((await arrival({ path })).url).toBe(path);
  });

  it.each(['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND', 'PURGE', 'MKCOL', 'SEARCH'])(
    'arrives with its method: %s',
    async (method) => {
      expect((await arrival({ method, path: '/api/tags' })).method).toBe(method);
    },
  );

  it.each([
    'application/json; charset=klingon',
    'application/x-www-form-urlencoded',
    'multipart/form-data',
    'no media type at all',
    '',
  ])('arrives whatever its media type: "%s"', async (type) => {
    const body = 'no JSON \u0000 at all';
    const received = await arrival({ method: 'POST', path: '/api/chat', headers: { 'Content-Type': type }, body });
    expect(received.body.toString()).toBe(body);
    expect(received.headers).toEqual(expect.arrayContaining(['Content-Type', type]));
  });

  it.each(['DELETE', 'GET', 'PUT', 'PROPFIND'])('arrives with its body, %s too', async (method) => {
    const body = '{"model":"granite3.1-dense:8b"}';
    expect((await arrival({ method, path: '/api/delete', body })).body.toString()).toBe(body);
  });

  it('arrives with nothing added and nothing lost but what belongs to the connection, to its client or to the gateway', async () => {
    const kept = [
      ...['Accept', '*/*', 'X-Twice', 'one', 'user-AGENT', 'GitHubCopilotChat/1.0', 'X-Twice', 'two'],
      ...['X-Request-Id', 'mine-1', 'X-Empty', '', 'Content-Encoding', 'zstd', 'X-Latin', 'h\xe9'],
    ];
    const dropped = [
      ...['Connection', 'keep-alive, X-Private', 'X-Private', '1', 'Keep-Alive', 'timeout=5', 'TE', 'trailers'],
      ...['Proxy-Authorization', 'Basic x', 'Proxy-Connection', 'keep-alive', 'Upgrade', 'h2c'],
      ...['Authorization', 'Bearer secret', 'Cookie', 'session=1', 'X-Api-Key', 'secret', 'X-GW-Own', '1'],
      ...['Host', 'gateway.example:11434'],
    ];
    const received = await arrival({ path: '/api/tags', headers: [...dropped, ...kept] });
    const host = `127.0.0.1:${machine.linkPort}`;
    // The connection to the machine has a Host and a Connection header of its own.
    expect(received.headers).toEqual(['host', host, 'connection', 'keep-alive', ...kept]);
  });

  it('in absolute form, as to a proxy, arrives with its path only', async () => {
    const connection = await RawConnection.open(bed.gateway.url);
    connection.send('GET http://ollama.example/api/tags?x=1 HTTP/1.1', 'Host: ollama.example', `${MARK}: 1`, '');
    await eventually('the answer', () => connection.text.endsWith('GET /api/tags?x=1\r\n0\r\n\r\n'));
  });

  it('of a client that speaks HTTP/1.0 is answered in its language', async () => {
    const connection = await RawConnection.open(bed.gateway.url);
    connection.send('POST /api/generate HTTP/1.0', 'Content-Length: 2', `${MARK}: 1`, '', '{}');
    await connection.closed;
    expect(connection.text).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(connection.text).not.toMatch(/transfer-encoding/i);
    expect(connection.text).toMatch(/\r\n\r\nPOST \/api\/generate$/);
  });

  it('is answered in its turn when it is pipelined', async () => {
    const connection = await RawConnection.open(bed.gateway.url);
    for (const path of ['/api/1', '/api/2', '/api/3']) {
      connection.send(`POST ${path} HTTP/1.1`, 'Host: x', `${MARK}: 1`, 'Content-Length: 0', '');
    }
    await eventually('three answers', () => /POST \/api\/3/.exec(connection.text));
    expect(connection.text.match(/POST \/api\/\d/g)).toEqual(['POST /api/1', 'POST /api/2', 'POST /api/3']);
  });
});

describe('the answer of a ready machine', () => {
  const answer = (status: number, headers: string[], body = '', reason = 'Reason'): void => {
    machine.handler = (_request, response) => {
      response.sendDate = false;
      response.writeHead(status, reason, headers).end(body);
    };
  };
  const head = async (method = 'GET'): Promise<string[]> => {
    const open = bed.ollama.open({ method, path: '/api/tags', headers: [MARK, '1', 'X-Request-Id', 'mine-1'] });
    open.request.end();
    const response = await open.response;
    response.resume();
    return [String(response.statusCode), response.statusMessage ?? '', ...response.rawHeaders];
  };
  const ownHeaders = ['X-Request-Id', 'mine-1', 'Connection', 'close', 'Transfer-Encoding', 'chunked'];

  it('comes with its status, reason and headers in their order, but for what belongs to the connection', async () => {
    const kept = ['X-B', '1', 'Set-Cookie', 'a=1', 'x-a', '2', 'Set-Cookie', 'b=2', 'Date', 'then', 'X-Latin', 'h\xe9'];
    answer(299, [...kept, 'Connection', 'X-Private', 'X-Private', '1', 'Keep-Alive', 'timeout=5'], 'x');
    expect(await head()).toEqual(['299', 'Reason', ...kept, ...ownHeaders]);
  });

  it.each([
    ['application/x-ndjson', 'no'],
    ['text/event-stream; charset=utf-8', 'no'],
    ['application/json; charset=utf-8', undefined],
    ['text/plain', undefined],
  ])('asks nginx not to buffer where it is a stream: %s → X-Accel-Buffering: %s', async (type, expected) => {
    answer(200, ['Content-Type', type], 'x');
    const { headers } = await bed.ollama.get('/api/tags', { [MARK]: '1' });
    expect(headers['x-accel-buffering']).toBe(expected);
  });

  it.each([204, 304])('%i has no body', async (status) => {
    answer(status, []);
    const reply = await bed.ollama.get('/api/tags', { [MARK]: '1' });
    expect([reply.status, reply.body.length]).toEqual([status, 0]);
  });

  it('to a HEAD has the length of the body that it does not have', async () => {
    answer(200, ['Content-Length', '12345', 'Date', 'then']);
    expect(await head('HEAD')).toEqual([
      '200',
      'Reason',
      'Content-Length',
      '12345',
      'Date',
      'then',
      'X-Request-Id',
      'mine-1',
      'Connection',
      'close',
    ]);
  });

  it.each([400, 404, 429, 499, 500, 502, 503])('%i is Ollama’s own and passes untouched', async (status) => {
    const body = '{"error":"server busy, please try again.  maximum pending requests exceeded"}';
    answer(status, ['Content-Type', 'application/json', 'Date', 'then'], body);
    const reply = await bed.ollama.generate({}, { [MARK]: '1' });
    expect([reply.status, reply.text]).toEqual([status, body]);
    expect([reply.headers['retry-after'], reply.headers['x-gateway-error']]).toEqual([undefined, undefined]);
  });

  it('keeps its informational part between the machine and the gateway', async () => {
    machine.handler = (_request, response) => {
      response.writeEarlyHints({ link: '</style.css>; rel=preload' });
      response.end('the answer');
    };
    const open = bed.ollama.open({ path: '/api/tags', headers: [MARK, '1'] });
    const informed: unknown[] = [];
    open.request.on('information', (info) => informed.push(info)).end();
    expect((await open.response).statusCode).toBe(200);
    expect(informed).toEqual([]);
  });
});

/** A machine that fails under a request: the client is told so in the gateway's words, and the machine is looked at. */
import type { ServerResponse } from 'node:http';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { endEverything } from '../support/endings.js';
import { type OpenCall, readReply } from '../support/ollama-client.js';
import { MARK, ScriptedOllama } from '../support/scripted-ollama.js';
import { TestBed } from '../support/test-bed.js';

jest.setTimeout(60_000);

let machine: ScriptedOllama;
let bed: TestBed;
beforeEach(async () => {
  machine = await ScriptedOllama.open();
  bed = await TestBed.start({ host: machine });
  await bed.ready();
});
afterEach(endEverything);

function open(path = '/api/generate'): OpenCall {
  const call = bed.ollama.open({ method: 'POST', path, headers: { [MARK]: '1' }, body: '{}' });
  call.request.end('{}');
  return call;
}

describe('a machine that fails before the first byte', () => {
  it('makes a 502 that is worth a retry, in the dialect of the path', async () => {
    machine.handler = (request) => request.socket.destroy();
    const native = await readReply(await open().response);
    expect(native.status).toBe(502);
    expect(native.headers).toMatchObject({
      'content-type': 'application/json; charset=utf-8',
      'cache-control': 'no-store',
      'x-gateway-error': 'upstream_unreachable',
    });
    expect(Number(native.headers['retry-after'])).toBeGreaterThan(0);
    expect(native.text).not.toContain('\n');
    expect(native.json()).toMatchObject({
      error: expect.stringMatching(/^The machine stopped answering/),
      provisioning: true,
      code: 'upstream_unreachable',
    });
    const openAi = await readReply(await open('/v1/chat/completions').response);
    expect(openAi.json()).toMatchObject({ error: { type: 'api_error', code: 'upstream_unreachable' } });
    expect((await bed.gateway.status()).in_flight).toBe(0);
  });

  it.each(['breaks off', 'does not listen'])('and %s makes a 502 in the middle of an upload, too', async (how) => {
    machine.handler = (request) => void request.once('data', () => request.socket.destroy());
    if (how === 'does not listen') await machine.down();
    const headers = { 'Transfer-Encoding': 'chunked', [MARK]: '1' };
    const call = bed.ollama.open({ method: 'POST', path: '/api/blobs/sha256:0', headers });
    call.request.write(Buffer.alloc(1_000_000));
    const response = await call.response;
    call.request.end();
    expect([response.statusCode, (await readReply(response)).json().code]).toEqual([502, 'upstream_unreachable']);
    await bed.gateway.until('nothing is in flight', ({ in_flight: inFlight }) => inFlight === 0);
  });

  it('serves on when its Ollama answers the gateway’s own question', async () => {
    machine.handler = (request) => request.socket.destroy();
    expect((await open().response).statusCode).toBe(502);
    machine.handler = (request, response) => void machine.echo(request, response);
    expect((await open().response).statusCode).toBe(200);
    await bed.gateway.wentThrough('loading', 'ready');
  });

  it('is proven again when it does not, and serves on without having been started anew', async () => {
    const starts = bed.cloud.countCalls('start-instance');
    await machine.down();
    expect((await open().response).statusCode).toBe(502);
    await bed.gateway.untilPhase('booting');
    const held = open().response;
    await bed.gateway.until('the next request is held', (status) => status.held === 1);
    await machine.up();
    expect((await held).statusCode).toBe(200);
    expect((await bed.gateway.status()).phase).toBe('ready');
    expect(bed.cloud.countCalls('start-instance')).toBe(starts);
  });

  it.each([
    ['speaks no HTTP', 'SSH-2.0-OpenSSH_9.6\r\n'],
    ['breaks off in its head', 'HTTP/1.1 200 OK\r\nContent-Ty'],
    ['contradicts itself', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n12345'],
  ])('is as good as silent when it %s', async (_what, bytes) => {
    machine.handler = (request) => void request.socket.end(bytes);
    expect((await open().response).statusCode).toBe(502);
    expect((await bed.ollama.get('/health/live')).status).toBe(200);
  });
});

describe('a machine that fails in the middle of an answer', () => {
  it('ends it as a cut connection, so that no client takes the half for the whole', async () => {
    let upstream: ServerResponse | undefined;
    machine.handler = (_request, response) => {
      response.writeHead(200, { 'Content-Type': 'application/x-ndjson' }).write('{"n":0}\n');
      upstream = response;
    };
    const response = await open().response;
    const reply = readReply(response).then(
      () => 'complete',
      () => 'cut',
    );
    upstream?.destroy();
    expect(await reply).toBe('cut');
    expect((await bed.gateway.status()).in_flight).toBe(0);
  });
});

describe('a machine that somebody stops or deletes by hand', () => {
  it.each([
    ['stopped', 'stopByHand', 1],
    ['absent', 'deleteByHand', 2],
  ] as const)('is noticed (%s) and back at the next request, not before', async (phase, act, creations) => {
    await bed.cloud[act](bed.instanceId);
    await bed.gateway.untilPhase(phase);
    expect(await bed.gateway.status()).toMatchObject({ wanted: false, remote_url: null });
    expect((await bed.answered()).status).toBe(200);
    expect(bed.cloud.countCalls('create-instance')).toBe(creations);
    expect(bed.cloud.maxConcurrentBilled()).toBe(1);
  });
});

/** What wakes the machine and what does not, and what a sleeping gateway can answer by itself (architecture.md §4). */
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { endEverything } from '../support/endings.js';
import { eventually } from '../support/eventually.js';
import { type Call, MODEL, readReply, type Reply } from '../support/ollama-client.js';
import { TestBed } from '../support/test-bed.js';

jest.setTimeout(60_000);

const DIGEST = `sha256:${'0'.repeat(64)}`;
const UNLOAD = { model: MODEL, keep_alive: 0 };

describe('a gateway whose machine sleeps', () => {
  let bed: TestBed;
  beforeAll(async () => void (bed = await TestBed.start()));
  afterEach(async () => {
    expect(await bed.gateway.status()).toMatchObject({ phase: 'absent', wanted: false, provisioning_status: 'idle' });
    expect(bed.cloud.countCalls('create-instance')).toBe(0);
  });
  afterAll(endEverything);

  it.each(['GET', 'HEAD'])('says to %s / that Ollama is running, whatever the machine does', async (method) => {
    const { status, text, headers } = await bed.ollama.send({ method, path: '/' });
    expect([status, text]).toEqual([200, method === 'GET' ? 'Ollama is running' : '']);
    expect(headers['content-type']).toBe('text/plain; charset=utf-8');
  });

  it.each<[string, unknown]>([
    ['/api/version', { version: '0.32.15' }],
    ['/api/tags', { models: [expect.objectContaining({ name: MODEL, model: MODEL })] }],
    ['/api/ps', { models: [] }],
    ['/v1/models', { object: 'list', data: [expect.objectContaining({ id: MODEL, object: 'model' })] }],
  ])('answers GET %s from its configuration before it has ever met a machine', async (path, expected) => {
    const reply = await bed.ollama.get(path);
    expect(reply.status).toBe(200);
    expect(reply.headers['x-gateway-cache']).toBe('sleeping');
    expect(reply.json()).toEqual(expected);
  });

  it('shows a configured model, and has Ollama’s 404 for another one', async () => {
    const known = await bed.ollama.post('/api/show', { model: MODEL });
    expect([known.status, known.headers['x-gateway-cache']]).toEqual([200, 'sleeping']);
    const unknown = await bed.ollama.post('/api/show', { model: 'nosuch' });
    expect([unknown.status, unknown.json()]).toEqual([404, { error: "model 'nosuch' not found" }]);
  });

  it.each<[string, object, object]>([
    ['/api/generate', UNLOAD, { model: MODEL, done: true, done_reason: 'unload', response: '' }],
    ['/api/chat', { ...UNLOAD, messages: [] }, { model: MODEL, done: true, done_reason: 'unload' }],
  ])('answers an unload through %s itself: nothing is loaded', async (path, body, expected) => {
    const reply = await bed.ollama.post(path, body);
    expect([reply.status, reply.headers['x-gateway-cache']]).toEqual([200, 'sleeping']);
    expect(reply.json()).toMatchObject(expected);
  });

  it.each<Call & { method: string }>([
    { method: 'GET', path: '/v1/models/granite3.1-dense:8b' },
    { method: 'GET', path: '/api/status' },
    { method: 'HEAD', path: `/api/blobs/${DIGEST}` },
  ])('says of $method $path that the machine is asleep, and that waiting does not help', async (call) => {
    const { status, headers, body } = await bed.ollama.send(call);
    expect([status, headers['x-gateway-error']]).toEqual([503, 'asleep']);
    if (call.method === 'HEAD') return;
    expect(JSON.parse(body.toString())).toMatchObject({ provisioning: false, status: 'idle', phase: 'absent' });
  });

  it.each<Call & { method: string }>([
    { method: 'POST', path: '/api/nosuch', body: '{}' },
    { method: 'GET', path: '/favicon.ico' },
    { method: 'POST', path: '//api/generate', body: '{}' },
    { method: 'POST', path: '/api/generate/more', body: '{}' },
    { method: 'DELETE', path: '/v1', body: '{}' },
    { method: 'PROPFIND', path: '/nosuch' },
  ])('answers $method $path with Ollama’s 404 text', async (call) => {
    const { status, text, headers } = await bed.ollama.send(call);
    expect([status, text, headers['content-type']]).toEqual([404, '404 page not found', 'text/plain']);
  });

  it('answers a path that is no valid URL without waking and without a stack trace', async () => {
    const { status, text } = await bed.ollama.post('/api/%zz', {});
    expect(status).toBeGreaterThanOrEqual(400);
    expect(status).toBeLessThan(500);
    expect(text).not.toContain(' at ');
  });

  it.each<[string, string, string]>([
    ['GET', '/api/generate', 'POST'],
    ['POST', '/api/tags', 'GET, HEAD'],
    ['PUT', '/api/chat', 'POST'],
    ['POST', '/api/delete', 'DELETE'],
  ])('answers %s %s with 405 and Allow: %s', async (method, path, allow) => {
    const { status, text, headers } = await bed.ollama.send({ method, path, body: '{}' });
    expect([status, text, headers.allow]).toEqual([405, '405 method not allowed', allow]);
  });

  it('answers a preflight as Ollama does, for the origins that Ollama allows', async () => {
    const ask = (origin: string): Promise<Reply> =>
      bed.ollama.send({
        method: 'OPTIONS',
        path: '/api/chat',
        headers: { Origin: origin, 'Access-Control-Request-Method': 'POST' },
      });
    const allowed = await ask('http://localhost:3000');
    expect([allowed.status, allowed.headers['access-control-allow-origin']]).toEqual([204, 'http://localhost:3000']);
    expect(allowed.headers['access-control-allow-methods']).toContain('POST');
    expect((await ask('https://evil.example')).headers['access-control-allow-origin']).toBeUndefined();
  });

  it('is not woken by its own /status and /health', async () => {
    for (const path of ['/status', '/health/live', '/health/ready', '/health/startup']) {
      expect((await bed.ollama.get(path)).status).toBe(200);
    }
  });
});

describe('what wakes', () => {
  afterEach(endEverything);

  it.each<Call & { method: string }>([
    { method: 'POST', path: '/api/chat', body: 'this is no JSON' },
    { method: 'POST', path: `/api/blobs/${DIGEST}`, body: 'x'.repeat(70_000) },
    { method: 'DELETE', path: '/api/delete', body: `{"model":"${MODEL}"}` },
    { method: 'POST', path: '/v1/embeddings', body: `{"model":"${MODEL}"}` },
  ])('is $method $path', async (call) => {
    const bed = await TestBed.start({ machines: { bootMs: Infinity } });
    expect((await bed.ollama.send(call)).status).toBe(503);
    expect(await bed.gateway.status()).toMatchObject({ wanted: true, provisioning_status: 'provisioning' });
  });
});

describe('after the first contact', () => {
  let bed: TestBed;
  const awake = new Map<string, unknown>();
  const PATHS = ['/api/version', '/api/tags', '/v1/models'];
  beforeAll(async () => {
    bed = await TestBed.start({ env: { EXOSCALE_IDLE_TIMEOUT: '1', OLLAMA_MODEL: `${MODEL},all-minilm:latest` } });
    await bed.ready();
    const pulled = async (): Promise<boolean> => (await bed.ollama.get('/api/tags')).text.includes('all-minilm');
    await eventually('the second model is pulled', pulled);
    for (const path of PATHS) awake.set(path, (await bed.ollama.get(path)).json());
    await bed.gateway.untilPhase('stopped');
  });
  afterAll(endEverything);

  it.each(PATHS)('a sleeping gateway answers %s as the machine did', async (path) => {
    const reply = await bed.ollama.get(path);
    expect([reply.status, reply.headers['x-gateway-cache']]).toEqual([200, 'sleeping']);
    expect(reply.json()).toEqual(awake.get(path));
  });

  it('a sleeping gateway still knows it after a restart', async () => {
    await bed.restartGateway('SIGKILL');
    expect((await bed.ollama.get('/api/tags')).json()).toEqual(awake.get('/api/tags'));
  });
});

describe('a client that asks before it sends its body (Expect: 100-continue)', () => {
  afterEach(endEverything);

  const ask = async (bed: TestBed): Promise<{ reply: Reply; toldToContinue: boolean }> => {
    const body = JSON.stringify({ model: MODEL, prompt: 'why?' });
    const headers = { Expect: '100-continue', 'Content-Length': String(body.length) };
    const call = bed.ollama.open({ method: 'POST', path: '/api/generate', headers });
    let toldToContinue = false;
    call.request.on('continue', () => {
      toldToContinue = true;
      call.request.end(body);
    });
    call.request.flushHeaders();
    const reply = await readReply(await call.response);
    return { reply, toldToContinue };
  };

  it('is spared the upload while the machine is cold, and invited to it when it is ready', async () => {
    const bed = await TestBed.start();
    const cold = await ask(bed);
    expect([cold.reply.status, cold.toldToContinue]).toEqual([503, false]);
    await bed.gateway.untilPhase('ready');
    const served = await ask(bed);
    expect([served.reply.status, served.toldToContinue]).toEqual([200, true]);
    expect(served.reply.text).toContain('"done":true');
  });
});

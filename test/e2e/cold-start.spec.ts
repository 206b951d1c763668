/** The main job over real sockets: the first request gets the 503 of the wire contract, later ones the stream. */
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { endEverything } from '../support/endings.js';
import { eventually } from '../support/eventually.js';
import { MODEL, type Reply } from '../support/ollama-client.js';
import { RawConnection } from '../support/raw-connection.js';
import { TestBed } from '../support/test-bed.js';

jest.setTimeout(60_000);

const SENTENCE = 'Remote Ollama instance is being provisioned. Please retry in a few moments.';

describe('the answer to a request that meets no machine', () => {
  let bed: TestBed;
  // A machine that stays cold for the whole of the suite.
  beforeAll(async () => void (bed = await TestBed.start({ machines: { bootMs: Infinity } })));
  afterAll(endEverything);

  it('is 503 with one line of JSON that says what is going on and when to retry', async () => {
    const { status, headers, text } = await bed.ollama.generate();
    expect(status).toBe(503);
    expect(text).not.toContain('\n');
    const { retry_after: retryAfter, eta_seconds: eta, ...fields } = JSON.parse(text) as Record<string, unknown>;
    expect(fields).toEqual({
      error: SENTENCE,
      provisioning: true,
      status: 'provisioning',
      phase: 'creating',
      progress: null,
      code: 'provisioning',
    });
    expect(retryAfter).toBe(Math.min(55, Number(eta)));
    expect(Number.isInteger(retryAfter)).toBe(true);
    expect(retryAfter).toBeGreaterThanOrEqual(1);
    expect(headers).toMatchObject({
      'content-type': 'application/json; charset=utf-8',
      'content-length': String(Buffer.byteLength(text)),
      'cache-control': 'no-store',
      'retry-after': String(retryAfter),
      'x-gateway-error': 'provisioning',
    });
  });

  it('comes in a moment', async () => {
    const times: number[] = [];
    for (let count = 0; count < 10; count += 1) times.push((await bed.ollama.generate()).tookMs);
    // The fastest one: the contract is about the gateway, not about what else runs on the machine of the test.
    expect(Math.min(...times)).toBeLessThan(100);
  });

  it('is an OpenAI error on /v1 and an Anthropic one on /v1/messages, with the same fields beside it', async () => {
    const shared = { provisioning: true, status: 'provisioning', code: 'provisioning' };
    const openAi = await bed.ollama.post('/v1/chat/completions', { model: MODEL, messages: [] });
    expect(openAi.status).toBe(503);
    expect(openAi.json()).toMatchObject({
      ...shared,
      error: { message: SENTENCE, type: 'api_error', param: null, code: 'provisioning' },
    });
    const anthropic = await bed.ollama.post('/v1/messages', { model: MODEL, max_tokens: 1, messages: [] });
    expect(anthropic.status).toBe(503);
    expect(anthropic.json()).toMatchObject({
      ...shared,
      type: 'error',
      error: { type: 'overloaded_error', message: SENTENCE },
    });
  });

  it('has the CORS headers that let a browser show the message, for the origins that Ollama allows', async () => {
    const ask = (origin: string): Promise<Reply> => bed.ollama.generate({}, { Origin: origin });
    for (const origin of ['http://localhost:3000', 'https://127.0.0.1', 'app://obsidian.md', 'tauri://localhost']) {
      const { status, headers } = await ask(origin);
      expect([status, headers['access-control-allow-origin'], headers.vary]).toEqual([503, origin, 'Origin']);
    }
    const { status, headers } = await ask('https://evil.example');
    expect([status, headers['access-control-allow-origin']]).toEqual([503, undefined]);
  });

  it.each([
    ['/v1/chat/completions', '503 Service Unavailable'],
    ['/api/generate', '503 Service Unavailable'],
    ['/api/nosuch', '404 Not Found'],
  ])('is heard by a client that is still sending its body: its connection is not cut (%s)', async (path, answer) => {
    const connection = await RawConnection.open(bed.gateway.url);
    connection.send(`POST ${path} HTTP/1.1`, 'Host: x', 'Connection: close', 'Content-Length: 2000000', '');
    await connection.write('x'.repeat(1_000_000));
    await eventually('the answer', () => connection.text.startsWith(`HTTP/1.1 ${answer}\r\n`));
    for (let count = 0; count < 10; count += 1) await connection.write('x'.repeat(100_000));
    await connection.end();
    expect(connection.fault).toBeNull();
    expect(connection.text).toMatch(/\}$|404 page not found$/);
  });

  it('has no body when the request is a HEAD', async () => {
    const digest = `sha256:${'0'.repeat(64)}`;
    const { status, headers, body } = await bed.ollama.send({ method: 'HEAD', path: `/api/blobs/${digest}` });
    expect([status, body.length, headers['x-gateway-error']]).toEqual([503, 0, 'provisioning']);
    expect(Number(headers['content-length'])).toBeGreaterThan(0);
  });
});

describe('a cold start', () => {
  afterEach(endEverything);

  it('of seven minutes is announced with a Retry-After that SDKs still honour', async () => {
    const bed = await TestBed.start({ env: { GATEWAY_TIME_SCALE: '1' } });
    const { headers, text } = await bed.ollama.generate();
    expect(headers['retry-after']).toBe('55');
    expect(JSON.parse(text)).toMatchObject({ eta_seconds: 420, retry_after: 55 });
  });

  it('ends in an NDJSON stream for the native API and in an SSE stream for the OpenAI one', async () => {
    const bed = await TestBed.start();
    const native = await bed.answered();
    expect(native.status).toBe(200);
    expect(native.headers['content-type']).toBe('application/x-ndjson');
    const lines = native.text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { done: boolean });
    expect(lines.map((line) => line.done)).toEqual([false, false, false, false, false, true]);

    const question = { model: MODEL, stream: true, messages: [{ role: 'user', content: 'why?' }] };
    const openAi = await bed.ollama.post('/v1/chat/completions', question);
    expect(openAi.headers['content-type']).toBe('text/event-stream');
    expect(openAi.text).toMatch(/^data: \{.*\n\n/);
    expect(openAi.text).toMatch(/data: \[DONE\]\n\n$/);
  });

  it('is seen in /status step by step, with the progress of the model pull', async () => {
    const bed = await TestBed.start({ machines: { pullMs: 400 } });
    expect(await bed.gateway.status()).toMatchObject({
      service: 'ollama-exoscale',
      provisioning_status: 'idle',
      instance_status: null,
      remote_url: null,
      zone: 'at-vie-2',
      instance_type: 'a5000.small',
      ollama_model: MODEL,
      idle_timeout: 300,
      phase: 'absent',
    });
    await bed.ollama.generate();
    await bed.gateway.until('some progress', ({ progress }) => progress !== null && progress > 0 && progress < 1);
    expect((await bed.ollama.generate()).json()).toMatchObject({ phase: 'loading', progress: expect.any(Number) });
    const ready = await bed.gateway.untilPhase('ready');
    expect(ready).toMatchObject({ provisioning_status: 'ready', instance_status: 'running', progress: null });
    expect(ready.remote_url).toMatch(/^https:\/\/127\.\d+\.\d+\.\d+:\d+$/);
    await bed.gateway.wentThrough('creating', 'starting', 'booting', 'loading', 'ready');
  });

  it('makes one machine for a thousand requests at once', async () => {
    const bed = await TestBed.start();
    const replies = await Promise.all(Array.from({ length: 1000 }, () => bed.ollama.generate()));
    const cold = replies.filter((reply) => reply.headers['x-gateway-error'] === 'provisioning');
    const served = replies.filter((reply) => reply.status === 200);
    // The last ones of a thousand may well find it ready.
    expect(cold.length + served.length).toBe(1000);
    expect(cold.length).toBeGreaterThan(served.length);
    await bed.gateway.untilPhase('ready');
    expect(bed.cloud.countCalls('create-instance')).toBe(1);
    expect(bed.cloud.countCalls('start-instance')).toBe(1);
    expect(bed.cloud.maxConcurrentBilled()).toBe(1);
    expect(await bed.gateway.status()).toMatchObject({ in_flight: 0, held: 0 });
  });

  it('leaves no secret and no prompt in the log', async () => {
    const bed = await TestBed.start({ env: { GATEWAY_LOG_LEVEL: 'debug' } });
    await bed.answered();
    await bed.gateway.kill('SIGTERM');
    const log = JSON.stringify(bed.gateway.log);
    expect(log).not.toContain(bed.environment.EXOSCALE_API_SECRET);
    expect(log).not.toContain('why is the sky blue');
  });
});

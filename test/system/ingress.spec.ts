/**
 * The real gateway behind a real nginx with the settings that deploy/ ships: what an ingress must not do to streams,
 * bodies, silences, answers and addresses. Its part in a restart is in ingress-restart.spec.ts.
 */
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { ClientRequest, IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as after } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Agent, request } from 'undici';
import { atEnd, endEverything } from '../support/endings.js';
import { eventually, settled } from '../support/eventually.js';
import { FrontNginx, type FrontSettings } from '../support/front-nginx.js';
import { type Call, MODEL, Ollama, type OpenCall, readReply, type Reply } from '../support/ollama-client.js';
import { MARK, ScriptedOllama } from '../support/scripted-ollama.js';
import { composeFront, fasterBy, ingressFront, shippedAnnotations } from '../support/shipped-fronts.js';
import { TestBed } from '../support/test-bed.js';
import { TEST_CERTIFICATE } from '../support/test-certificate.js';

jest.setTimeout(120_000);

/** Five minutes of silence become three seconds: every time-out of nginx and of the gateway is divided alike. */
const FASTER = 100;
const SILENCE_MS = (5 * 60_000) / FASTER;
const MIB = 1024 * 1024;
const BODY_MIB = 100;
const BLOCK = randomBytes(MIB);
/** What three connections over loopback keep in kernel buffers, and some more. */
const IN_THE_PIPES_MIB = 40;

/** As shipped, and as it would be without our time-out for silence. */
const FRONTS: [string, { shipped: FrontSettings; impatient: FrontSettings }][] = [
  ['nginx of compose.yaml', { shipped: composeFront(), impatient: withoutReadTimeout(composeFront()) }],
  [
    'ingress-nginx with the annotations of the Ingress',
    { shipped: ingressFront(), impatient: ingressFront({ ...shippedAnnotations(), 'proxy-read-timeout': undefined }) },
  ],
];

describe.each(FRONTS)('behind %s', (_name, { shipped, impatient }) => {
  let machine: ScriptedOllama;
  let bed: TestBed;
  let front: FrontNginx;
  beforeAll(async () => {
    machine = await ScriptedOllama.open();
    const env = { GATEWAY_TRUSTED_PROXIES: '127.0.0.1/32', GATEWAY_TIME_SCALE: String(FASTER) };
    // Slow enough for two requests to meet the same cold start, and faster than the 600 ms that a call may take at this pace.
    bed = await TestBed.start({ host: machine, env, operationMs: 300 });
    front = await FrontNginx.start(shipped, bed.gateway.url);
  });
  afterAll(endEverything);

  /** A request whose answer the test's machine writes. */
  function open(call: Partial<Call> = {}, url = front.url): OpenCall {
    const headers = { 'Transfer-Encoding': 'chunked', [MARK]: '1' };
    return new Ollama(url).open({ method: 'POST', path: '/api/generate', headers, ...call });
  }

  it('the answer to a cold start passes as the gateway has made it, and its headers with it', async () => {
    const headers = { Origin: 'http://localhost:3000' };
    const both = [bed.ollama, new Ollama(front.url)].map((ollama) => ollama.generate({}, headers));
    const [direct, passed] = (await Promise.all(both)) as [Reply, Reply];
    expect([passed.status, direct.status]).toEqual([503, 503]);
    expect(Object.keys(passed.json())).toEqual(Object.keys(direct.json()));
    expect(passed.json()).toMatchObject({ provisioning: true, code: 'provisioning' });
    expect(Number(passed.headers['retry-after'])).toBe(passed.json().retry_after);
    expect(lastingHeaders(passed)).toEqual(lastingHeaders(direct));
    await bed.gateway.untilPhase('ready');
  });

  describe('a stream', () => {
    /** Each chunk is made only when the client has the one before; how long each was under way, in milliseconds. */
    async function lagsOf(contentType: string, chunks: number): Promise<number[]> {
      let upstream: ServerResponse | undefined;
      machine.handler = (incoming, response) => {
        incoming.resume();
        response.writeHead(200, { 'Content-Type': contentType });
        response.write('chunk 0\n');
        upstream = response;
      };
      const call = open();
      call.request.end('{}');
      const lags: number[] = [];
      let madeMs = performance.now();
      for await (const chunk of (await call.response) as AsyncIterable<Buffer>) {
        expect(chunk.toString()).toBe(`chunk ${lags.length}\n`);
        lags.push(performance.now() - madeMs);
        madeMs = performance.now();
        if (lags.length === chunks) upstream?.end();
        else upstream?.write(`chunk ${lags.length}\n`);
      }
      return lags;
    }

    // Of the first two the gateway itself tells nginx that they are streams.
    it.each(['application/x-ndjson', 'text/event-stream', 'text/plain'])(
      'of %s arrives chunk by chunk: each one before the next is made',
      async (contentType) => {
        expect(await lagsOf(contentType, 50)).toHaveLength(50);
      },
    );

    it('is not held back: half of its chunks are there within 20 ms', async () => {
      const lags = (await lagsOf('application/x-ndjson', 200)).sort((one, other) => one - other);
      expect(lags[100]).toBeLessThan(20);
    });

    it('that its client does not read waits at the machine, not on a disk on its way', async () => {
      let poured = 0;
      // Of a type that the gateway does not call a stream.
      machine.handler = (incoming, response) => {
        incoming.resume();
        response.writeHead(200, { 'Content-Type': 'text/plain' });
        void pour(response, () => (poured += 1));
      };
      const call = open();
      call.request.end('{}');
      const response = await call.response;
      expect(await settled(() => poured)).toBeLessThan(IN_THE_PIPES_MIB);
      expect(await hashOf(response)).toBe(hashOfBody());
    });

    it('that its client leaves ends at the machine, too', async () => {
      machine.handler = (incoming, response) => {
        incoming.resume();
        response.writeHead(200, { 'Content-Type': 'application/x-ndjson' }).write('{}\n');
      };
      const abandoned = machine.abandoned;
      const call = open();
      call.request.end('{}');
      await call.response;
      call.leave();
      await eventually('the machine hears of it', () => machine.abandoned === abandoned + 1);
    });
  });

  describe('a body of 100 MB', () => {
    it('waits at the client while the machine is slow, not on a disk on its way, and arrives whole', async () => {
      const arrived = new Promise<{ incoming: IncomingMessage; response: ServerResponse }>((resolve) => {
        machine.handler = (incoming, response) => resolve({ incoming, response });
      });
      const call = open({ path: '/api/blobs/sha256:0' });
      let poured = 0;
      const sent = pour(call.request, () => (poured += 1));
      // The machine has the head already, and takes nothing else yet.
      const { incoming, response } = await arrived;
      expect(await settled(() => poured)).toBeLessThan(IN_THE_PIPES_MIB);
      response.end(await hashOf(incoming));
      await sent;
      expect((await readReply(await call.response)).text).toBe(hashOfBody());
    });
  });

  describe('a generation that is silent for five minutes', () => {
    beforeAll(() => {
      machine.handler = (incoming, response) => void answerSlowly(incoming, response);
    });

    async function ask(url: string): Promise<{ status: number; text: string }> {
      const call = open({}, url);
      call.request.end('{}');
      const { status, text } = await readReply(await call.response);
      return { status, text };
    }

    it('survives, before its first byte and in its middle', async () => {
      const fast = await FrontNginx.start(fasterBy(FASTER, shipped), bed.gateway.url);
      expect(await ask(fast.url)).toEqual({ status: 200, text: '{"done":false}\n{"done":true}\n' });
    });

    it('would not with nginx’ own limit, a minute, in place of ours', async () => {
      const fast = await FrontNginx.start(fasterBy(FASTER, impatient), bed.gateway.url);
      expect(await ask(fast.url)).toMatchObject({ status: 504 });
    });
  });

  it('the log has the address of the client, whatever the client says of itself', async () => {
    machine.handler = (incoming, response) => void machine.echo(incoming, response);
    const elsewhere = new Agent({ localAddress: '127.0.0.9' });
    atEnd(() => elsewhere.destroy());
    const id = randomBytes(8).toString('hex');
    const reply = await request(`${front.url}/api/generate`, {
      method: 'POST',
      headers: { [MARK]: '1', 'x-request-id': id, 'x-forwarded-for': '203.0.113.66' },
      body: JSON.stringify({ model: MODEL }),
      dispatcher: elsewhere,
    });
    expect([reply.statusCode, reply.headers['x-request-id']]).toEqual([200, id]);
    await reply.body.dump();
    const logged = (): unknown => bed.gateway.log.find(({ requestId }) => requestId === id)?.client;
    expect(await eventually('the request is logged', logged)).toBe('127.0.0.9');
  });
});

describe('behind nginx of compose.yaml with FRONT=tls', () => {
  afterAll(endEverything);

  it('the one port speaks TLS, and nothing else', async () => {
    const bed = await TestBed.start();
    const front = await FrontNginx.start(composeFront('tls'), bed.gateway.url);
    const tls = new Agent({ connect: { ca: TEST_CERTIFICATE, servername: 'ollama.exoscale.test' } });
    atEnd(() => tls.destroy());
    const reply = await request(front.url.replace('http:', 'https:'), { dispatcher: tls });
    expect([reply.statusCode, await reply.body.text()]).toEqual([200, 'Ollama is running']);
    expect((await new Ollama(front.url).get('/')).status).toBe(400);
  });
});

function withoutReadTimeout(settings: FrontSettings): FrontSettings {
  return (place) => {
    const files = settings(place);
    // Explicitly what nginx takes by itself, so that it can be divided.
    const conf = files['nginx.conf']?.replace(/proxy_read_timeout \w+;/, 'proxy_read_timeout 60s;') ?? '';
    return { ...files, 'nginx.conf': conf };
  };
}

/** Those that do not differ between two moments or two connections. */
function lastingHeaders({ headers }: Reply): object {
  const fleeting = new Set([
    'date',
    'server',
    'connection',
    'keep-alive',
    'x-request-id',
    'retry-after',
    'content-length',
  ]);
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !fleeting.has(name)));
}

async function answerSlowly(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
  incoming.resume();
  const left = new AbortController();
  response.once('close', () => left.abort());
  try {
    await after(SILENCE_MS, null, left);
    response.writeHead(200, { 'Content-Type': 'application/x-ndjson' }).write('{"done":false}\n');
    await after(SILENCE_MS, null, left);
    response.end('{"done":true}\n');
  } catch {
    // Nobody waits for it any more.
  }
}

async function pour(target: ClientRequest | ServerResponse, onBlock: () => void): Promise<void> {
  for (let count = 0; count < BODY_MIB; count += 1) {
    onBlock();
    if (!target.write(BLOCK)) await once(target, 'drain');
  }
  target.end();
}

async function hashOf(stream: IncomingMessage): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of stream as AsyncIterable<Buffer>) hash.update(chunk);
  return hash.digest('hex');
}

function hashOfBody(): string {
  const hash = createHash('sha256');
  for (let count = 0; count < BODY_MIB; count += 1) hash.update(BLOCK);
  return hash.digest('hex');
}

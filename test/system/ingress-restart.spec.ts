/**
 * What clients see through the shipped nginx settings while a gateway leaves and another one comes: no 502, no stream cut,
 * and every 503 one that says how to go on. Everything else about an ingress is in ingress.spec.ts.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { GatewayError } from '../../src/modules/proxy/gateway-error.js';
import { freePort } from '../../src/sandbox/machine-simulator/loopback.js';
import { endEverything } from '../support/endings.js';
import { eventually } from '../support/eventually.js';
import { FrontNginx } from '../support/front-nginx.js';
import { Ollama, readReply, type OpenCall, type Reply } from '../support/ollama-client.js';
import { MARK, ScriptedOllama } from '../support/scripted-ollama.js';
import { composeFront, ingressFront } from '../support/shipped-fronts.js';
import { SteadyLoad } from '../support/steady-load.js';
import { TestBed } from '../support/test-bed.js';

jest.setTimeout(120_000);
afterEach(endEverything);

const CLIENTS = 8;
const CHUNK_MS = 20;
const CHUNKS = 10;
/** Longer than every shutdown delay below. */
const LONG_CHUNKS = 350;
const LONG = '/api/chat';

/** A gateway with a ready machine that answers in chunks. */
async function serving(env: Record<string, string>): Promise<TestBed> {
  const machine = await ScriptedOllama.open();
  machine.handler = (request, response) => stream(request, response);
  const bed = await TestBed.start({ host: machine, env: { GATEWAY_DRAIN_SECONDS: '60', ...env } });
  await bed.ready();
  return bed;
}

function stream(request: IncomingMessage, response: ServerResponse): void {
  request.resume();
  response.writeHead(200, { 'Content-Type': 'application/x-ndjson' });
  let left = request.url === LONG ? LONG_CHUNKS : CHUNKS;
  const timer = setInterval(() => {
    left -= 1;
    if (left > 0) response.write('{"done":false}\n');
    else response.end('{"done":true}\n');
  }, CHUNK_MS);
  response.once('close', () => clearInterval(timer));
}

function open(front: FrontNginx, path: string): OpenCall {
  const call = new Ollama(front.url).open({ method: 'POST', path, headers: { [MARK]: '1' }, body: '{}' });
  call.request.end('{}');
  return call;
}

function load(front: FrontNginx): SteadyLoad {
  const ask = async (): Promise<Reply> => readReply(await open(front, '/api/generate').response);
  return SteadyLoad.start(CLIENTS, ask, verdictOf);
}

function verdictOf({ status, text, headers }: Reply): string {
  if (status === 200) return text.endsWith('{"done":true}\n') ? 'complete' : 'cut';
  const retry = text.includes('"provisioning":true') && Number(headers['retry-after']) > 0;
  return `${status} ${retry ? 'retry' : text}`;
}

describe('behind nginx of compose.yaml', () => {
  it('a restart of the gateway shows as 503s that may be retried, and open streams end as they should', async () => {
    const env = { PORT: String(await freePort()), GATEWAY_SHUTDOWN_DELAY_SECONDS: '1' };
    const bed = await serving(env);
    const front = await FrontNginx.start(composeFront(), bed.gateway.url);
    const requests = load(front);
    await requests.more(20, 'complete');
    const long = await open(front, LONG).response;

    await bed.gateway.kill('SIGTERM');
    expect(verdictOf(await readReply(long))).toBe('complete');
    // Nobody is there now.
    await requests.more(CLIENTS, '503 retry');
    await bed.gateway.restart();
    await requests.more(20, 'complete');
    await requests.stop();
    expect(requests.kinds()).toEqual(['503 retry', 'complete']);
  });

  it.each(['/api/chat', '/v1/chat/completions', '/v1/messages'])(
    'a gateway that is not there speaks as one that leaves, on %s',
    async (path) => {
      const front = await FrontNginx.start(composeFront(), `http://127.0.0.1:${await freePort()}`);
      const reply = await readReply(await open(front, path).response);
      const leaving = new GatewayError('shutting_down');
      expect([reply.status, reply.text]).toEqual([leaving.statusCode, leaving.body(path)]);
      expect(reply.headers).toMatchObject({ ...leaving.headers(), 'retry-after': '5' });
    },
  );
});

describe('behind ingress-nginx with the annotations of the Ingress', () => {
  it('none of the requests fails when one of two gateways leaves', async () => {
    // The usual delay: its endpoint must be gone from the ingress by then.
    const leaver = await serving({ GATEWAY_SHUTDOWN_DELAY_SECONDS: '5' });
    const stayer = await serving({});
    const front = await FrontNginx.start(ingressFront(), leaver.gateway.url, stayer.gateway.url);
    const requests = load(front);
    await requests.more(20, 'complete');
    const long = await Promise.all([open(front, LONG).response, open(front, LONG).response]);

    const left = leaver.gateway.kill('SIGTERM');
    const ready = `${leaver.gateway.adminUrl}/health/ready`;
    await eventually('the leaver is not ready', async () => (await fetch(ready)).status === 503);
    // It takes the controller a while to notice; then such a pod gets nothing new.
    await requests.more(20, 'complete');
    await front.sendTo(stayer.gateway.url);
    expect(await left).toEqual({ code: 0, signal: null });
    expect((await Promise.all(long.map((response) => readReply(response)))).map(verdictOf)).toEqual([
      'complete',
      'complete',
    ]);
    await requests.more(20, 'complete');
    await requests.stop();
    expect(requests.kinds()).toEqual(['complete']);
  });
});

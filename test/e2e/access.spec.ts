/** A gateway that asks for a key: who gets in, how the others are told, and that they cost nothing. */
import { createHash } from 'node:crypto';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { atEnd, endEverything } from '../support/endings.js';
import { eventually } from '../support/eventually.js';
import type { Status } from '../support/gateway-process.js';
import { MODEL, readReply } from '../support/ollama-client.js';
import { MARK, ScriptedOllama } from '../support/scripted-ollama.js';
import { TestBed } from '../support/test-bed.js';

jest.setTimeout(60_000);

const KEY = { Authorization: 'Bearer sk-alice' };
const CALL = { ...KEY, [MARK]: '1' };
const line = (name: string): string => `${name}:${createHash('sha256').update(`sk-${name}`).digest('hex')}\n`;

let machine: ScriptedOllama;
let bed: TestBed;
let keysFile: string;
beforeAll(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'access-e2e-'));
  atEnd(() => rmSync(folder, { recursive: true }));
  keysFile = join(folder, 'keys');
  writeFileSync(keysFile, `# who may come in\n${line('alice')}`);
  machine = await ScriptedOllama.open();
  // At once: a port that is only reserved may be given to the gateway.
  await machine.up();
  bed = await TestBed.start({ host: machine, env: { GATEWAY_API_KEYS_FILE: keysFile } });
});
beforeEach(() => void (machine.received.length = 0));
afterAll(endEverything);

const status = async (): Promise<Status> => (await bed.ollama.get('/status', KEY)).json<Status>();
const isReady = async (): Promise<boolean> => (await status()).phase === 'ready';

/** Everybody without a key, whatever the machine does meanwhile. */
function nobodyGetsIn(): void {
  it.each([
    ['GET', '/'],
    ['HEAD', '/'],
    ['GET', '/status'],
    ['GET', '/api/tags'],
    ['POST', '/api/generate'],
    ['POST', '/api/show'],
    ['DELETE', '/api/delete'],
    ['POST', '/nobody/knows/this'],
    ['OPTIONS', '/api/chat'],
  ])('is sent away at %s %s', async (method, path) => {
    for (const authorization of ['', 'Bearer sk-bob', 'Basic eDp5']) {
      const headers = { Authorization: authorization, [MARK]: '1' };
      const reply = await bed.ollama.send({ method, path, headers });
      expect([reply.status, reply.headers['x-gateway-error']]).toEqual([401, 'unauthorized']);
      expect(reply.headers['www-authenticate']).toBe('Bearer');
    }
    expect(machine.received).toEqual([]);
  });

  it.each(['/health/live', '/health/ready', '/health/startup'])('may ask %s', async (path) => {
    expect((await bed.ollama.get(path)).status).toBe(200);
  });

  it.each(['/health/../api/tags', '/health/%2e%2e/api/tags', '//health/live', '/health/x/../../status'])(
    'gets no further as somebody who asks for health: %s',
    async (path) => {
      const reply = await bed.ollama.get(path, { [MARK]: '1' });
      expect([401, 404]).toContain(reply.status);
      expect(machine.received).toEqual([]);
    },
  );

  it('may ask as a browser what it may send', async () => {
    const headers = { Origin: 'http://localhost:3000', 'Access-Control-Request-Method': 'POST', [MARK]: '1' };
    const reply = await bed.ollama.send({ method: 'OPTIONS', path: '/api/chat', headers });
    expect([reply.status, reply.headers['access-control-allow-origin']]).toEqual([204, 'http://localhost:3000']);
    expect(machine.received).toEqual([]);
  });
}

describe('who has no key, while the machine sleeps', () => {
  nobodyGetsIn();

  it('wakes nothing', async () => {
    await bed.ollama.generate();
    expect(await status()).toMatchObject({ phase: 'absent', wanted: false, last_activity: null });
  });

  it('is told so in the words of each dialect', async () => {
    const native = await bed.ollama.generate();
    expect(native.json()).toMatchObject({ error: expect.stringMatching(/API key/), provisioning: false });
    expect(native.headers['content-type']).toBe('application/json; charset=utf-8');
    const openAi = await bed.ollama.post('/v1/chat/completions', {});
    expect(openAi.json()).toMatchObject({ error: { type: 'invalid_request_error', code: 'invalid_api_key' } });
    const anthropic = await bed.ollama.post('/v1/messages', {});
    expect(anthropic.json()).toMatchObject({ type: 'error', error: { type: 'authentication_error' } });
  });

  it('can read it in a browser, too', async () => {
    const { headers } = await bed.ollama.generate({}, { Origin: 'http://localhost:3000' });
    expect(headers['access-control-allow-origin']).toBe('http://localhost:3000');
  });
});

describe('who has a key', () => {
  it('wakes the machine and is served', async () => {
    expect((await bed.ollama.generate({}, KEY)).status).toBe(503);
    await eventually('the machine is ready', isReady);
    expect((await bed.ollama.generate({}, CALL)).status).toBe(200);
    const anthropic = await bed.ollama.post('/v1/messages', { model: MODEL }, { 'x-api-key': 'sk-alice', [MARK]: '1' });
    expect(anthropic.status).toBe(200);
  });

  it('is in the log by the name of the key, which itself is nowhere', async () => {
    await bed.ollama.generate({}, { ...CALL, 'X-Request-Id': 'mine-1' });
    const logged = (): boolean =>
      bed.gateway.log.some(({ requestId, key }) => requestId === 'mine-1' && key === 'alice');
    await eventually('the line of the request', logged);
    expect(JSON.stringify(bed.gateway.log)).not.toContain('sk-alice');
  });

  it('keeps it from the machine', async () => {
    await bed.ollama.generate({}, { ...CALL, 'X-Api-Key': 'sk-alice', Cookie: 'key=sk-alice' });
    expect(JSON.stringify(machine.received)).not.toContain('sk-alice');
  });
});

describe('who has no key, while the machine is ready', () => {
  beforeAll(() => eventually('the machine is ready', isReady));
  nobodyGetsIn();

  it('neither moves the idle clock nor counts as a request in flight', async () => {
    const before = await status();
    const open = bed.ollama.open({ method: 'POST', path: '/api/generate', headers: { 'Content-Length': '1000' } });
    open.request.write('{');
    expect((await open.response).statusCode).toBe(401);
    const { last_activity: activity, in_flight: inFlight, idle_stop_at: stopAt } = await status();
    expect([activity, inFlight, stopAt]).toEqual([before.last_activity, 0, before.idle_stop_at]);
  });

  it.each(['Content-Length', 'Transfer-Encoding'])(
    'hears it under an upload (%s), which is not read on for ever',
    async (framing) => {
      const headers = { [framing]: framing === 'Content-Length' ? String(1024 ** 3) : 'chunked' };
      const open = bed.ollama.open({ method: 'POST', path: '/api/blobs/sha256:0', headers });
      const gone = new Promise((resolve) => open.request.once('close', resolve));
      const send = (): void => {
        while (!open.request.destroyed && open.request.write(Buffer.alloc(1_000_000)));
      };
      open.request.on('drain', send);
      send();
      const reply = await readReply(await open.response);
      expect(reply.json()).toMatchObject({ code: 'unauthorized' });
      await gone;
    },
  );
});

describe('the file of keys', () => {
  it('is followed while the gateway runs', async () => {
    const asked = async (): Promise<number> => (await bed.ollama.get('/api/version', { 'x-api-key': 'sk-bob' })).status;
    expect(await asked()).toBe(401);
    // As editors, and Kubernetes, replace it.
    writeFileSync(`${keysFile}.new`, line('alice') + line('bob'));
    renameSync(`${keysFile}.new`, keysFile);
    await eventually('the new key is known', async () => (await asked()) === 200);
  });

  it('that is broken while the gateway runs takes nobody’s key away', async () => {
    writeFileSync(keysFile, `${line('carol')}alice:sk-alice\n`);
    const complaint = 'the file of API keys cannot be used: the keys read before stay valid';
    await eventually('it is said', () => bed.gateway.logged(complaint));
    expect((await bed.ollama.get('/api/version', KEY)).status).toBe(200);
    expect(JSON.stringify(bed.gateway.log)).not.toContain('sk-alice');
  });
});

/** The id of a request, and the address of its client: in the log, in the answer, at the machine. */
import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { endEverything } from '../support/endings.js';
import { eventually } from '../support/eventually.js';
import type { LogLine } from '../support/gateway-process.js';
import { MARK, ScriptedOllama } from '../support/scripted-ollama.js';
import { TestBed } from '../support/test-bed.js';

jest.setTimeout(60_000);

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

let machine: ScriptedOllama;
let bed: TestBed;
beforeAll(async () => {
  machine = await ScriptedOllama.open();
  // At once: a port that is only reserved may be given to the gateway.
  await machine.up();
  bed = await TestBed.start({ host: machine, env: { GATEWAY_TRUSTED_PROXIES: '127.0.0.0/8, 10.0.0.0/8' } });
});
beforeEach(() => void (machine.received.length = 0));
afterAll(endEverything);

const lineOf = (id: unknown): Promise<LogLine> =>
  eventually('its line in the log', () => bed.gateway.log.find(({ requestId }) => requestId === id));

/** Its id is returned, is in the log, and is what arrives at the machine if it gets there. */
async function followed(path: string, method: string, sent: Record<string, string>): Promise<string> {
  const reply = await bed.ollama.send({ method, path, headers: { ...sent, [MARK]: '1' } });
  const id = String(reply.headers['x-request-id']);
  expect(await lineOf(id)).toMatchObject({ msg: 'request', method, path, status: reply.status });
  for (const { headers } of machine.received) expect(headers.filter((one) => one === id)).toEqual([id]);
  return id;
}

describe.each(['asleep', 'ready'])('while the machine is %s', (phase) => {
  beforeAll(async () => {
    if (phase === 'ready') await bed.ready();
  });

  it.each([
    ['GET', '/'],
    ['GET', '/status'],
    ['GET', '/api/tags'],
    ['GET', '/v1/models/x'],
    ['GET', '/nobody/knows'],
    ['OPTIONS', '/api/chat'],
    ['GET', '/__link/drain'],
  ])('%s %s is answered with its id: the client’s, or a new one', async (method, path) => {
    const mine = `mine-${phase}${path.replaceAll('/', '-')}`;
    expect(await followed(path, method, { 'X-Request-Id': mine })).toBe(mine);
    machine.received.length = 0;
    expect(await followed(path, method, {})).toMatch(UUID);
    machine.received.length = 0;
    expect(await followed(path, method, { 'X-Request-Id': 'not usable' })).toMatch(UUID);
  });
});

describe('a machine that has an id of its own', () => {
  it('does not get it through', async () => {
    machine.handler = (request, response) =>
      void request.resume().once('end', () => response.writeHead(200, { 'X-Request-Id': 'of-the-machine' }).end());
    expect((await bed.ollama.get('/api/tags', { [MARK]: '1', 'X-Request-Id': 'mine' })).headers['x-request-id']).toBe(
      'mine',
    );
  });

  it('and fails leaves the answer its id', async () => {
    machine.handler = (request) => request.socket.destroy();
    const { status, headers } = await bed.ollama.generate({}, { [MARK]: '1', 'X-Request-Id': 'mine' });
    expect([status, headers['x-request-id']]).toEqual([502, 'mine']);
  });
});

describe('a client behind proxies of ours', () => {
  it('is in the log with its own address', async () => {
    const forwardedFor = 'invented, 203.0.113.7, 10.1.2.3';
    await bed.ollama.get('/api/version', { 'X-Forwarded-For': forwardedFor, 'X-Request-Id': 'through-proxies' });
    expect((await lineOf('through-proxies')).client).toBe('203.0.113.7');
    await bed.ollama.get('/api/version', { 'X-Request-Id': 'directly' });
    expect((await lineOf('directly')).client).toBe('127.0.0.1');
  });
});

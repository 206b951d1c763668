/** Paths that no client reaches: those of the link, and with GATEWAY_MODEL_MANAGEMENT=deny those that change the models. */
import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { endEverything } from '../support/endings.js';
import { RawConnection } from '../support/raw-connection.js';
import { MARK, ScriptedOllama } from '../support/scripted-ollama.js';
import { TestBed } from '../support/test-bed.js';

jest.setTimeout(60_000);

let machine: ScriptedOllama;
let bed: TestBed;
beforeAll(async () => {
  machine = await ScriptedOllama.open();
  // At once: a port that is only reserved may be given to the gateway.
  await machine.up();
  bed = await TestBed.start({ host: machine, env: { GATEWAY_MODEL_MANAGEMENT: 'deny' } });
});
beforeEach(() => void (machine.received.length = 0));
afterAll(endEverything);

const INTERNAL = [
  '/__link/drain',
  '/__link',
  '/__LINK/drain',
  '//__link/drain',
  '/./__link/drain',
  '/api/../__link/drain',
  '/__link/../__link/drain',
  '/%5f%5flink/drain',
  '/%255f%255flink/drain',
  '/__link%2fdrain',
  '/%2e%2e/__link/drain',
  '/\\__link\\drain',
  '/__link;a=b/drain',
  '/x%3f/../__link/drain',
  '/__link/%252e%252e/../drain',
  'http://gateway/__link/drain',
  'http://gateway//__link/drain',
];
const MANAGEMENT = [
  '/api/pull',
  '/api/push',
  '/api/create',
  '/api/copy',
  '/api/delete',
  '/api/blobs/sha256:0000',
  '/api/%70ull',
  '/api/%2570ull',
  '//api/pull',
  '/api//pull',
  '/api/./pull',
  '/api/tags/../pull',
  '/api/pull/',
  '/api%2fpull',
  'http://gateway/api/pull',
];
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PROPFIND'];

/** Sends the target as it is, and answers the head of the answer. */
async function headOf(method: string, target: string): Promise<string> {
  const connection = await RawConnection.open(bed.gateway.url);
  connection.send(`${method} ${target} HTTP/1.1`, 'Host: gateway', 'Connection: close', `${MARK}: 1`, '');
  await connection.closed;
  return connection.text;
}

function nothingGetsThrough(): void {
  it.each(INTERNAL)('the link is nowhere at %s', async (target) => {
    for (const method of METHODS) {
      expect(await headOf(method, target)).toMatch(/^HTTP\/1\.1 404 [^]*\r\nx-gateway-error: not_found\r\n/i);
    }
    expect(machine.received).toEqual([]);
  });

  it.each(MANAGEMENT)('models are not managed at %s', async (target) => {
    for (const method of METHODS) {
      expect(await headOf(method, target)).toMatch(/^HTTP\/1\.1 403 [^]*\r\nx-gateway-error: management_denied\r\n/i);
    }
    expect(machine.received).toEqual([]);
  });
}

describe('while the machine sleeps', () => {
  nothingGetsThrough();

  it('nothing of it has woken the machine', async () => {
    expect(await bed.gateway.status()).toMatchObject({ phase: 'absent', wanted: false });
  });
});

describe('while the machine is ready', () => {
  beforeAll(() => bed.ready());
  nothingGetsThrough();

  it('everything else is served, with whatever its query says', async () => {
    const reply = await bed.ollama.get('/api/tags?x=/__link/drain&y=%5f%5flink&z=/api/pull', { [MARK]: '1' });
    expect(reply.status).toBe(200);
    expect(machine.received).toHaveLength(1);
  });

  it('a refusal is in the words of its dialect, and a browser can read it', async () => {
    const origin = { Origin: 'http://localhost:3000' };
    const denied = await bed.ollama.post('/api/pull', { model: 'x' }, origin);
    expect(denied.json()).toMatchObject({ error: expect.any(String), provisioning: false, code: 'management_denied' });
    expect(denied.headers['access-control-allow-origin']).toBe('http://localhost:3000');
    const absent = await bed.ollama.get('/v1/../__link/drain');
    expect(absent.json()).toMatchObject({ error: { type: 'not_found_error', code: 'not_found' } });
  });
});

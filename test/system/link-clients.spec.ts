/**
 * What clients of the gateway may try with the link behind it: attack list of coordination-and-link.md §2.7. Whatever they
 * send, Ollama sees a request of the gateway's, the machine's own paths stay shut, and other clients notice nothing.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { EndlessStream, ENDLESS, QUESTION } from '../support/endless-stream.js';
import { endEverything } from '../support/endings.js';
import { LinkBed } from '../support/link-bed.js';
import { LINK_DIR } from '../support/machine-nginx.js';
import type { Call } from '../support/ollama-client.js';
import { RawConnection } from '../support/raw-connection.js';

let link: LinkBed;
beforeAll(async () => {
  link = await LinkBed.ready();
});
afterAll(endEverything);

async function streamOfAnotherClient(): Promise<EndlessStream> {
  Object.assign(link.machines.behaviour, ENDLESS);
  const call = link.bed.ollama.open(QUESTION);
  call.request.end(QUESTION.body);
  const stream = new EndlessStream(await call.response);
  await stream.goesOn();
  return stream;
}

const CREDENTIALS = {
  Authorization: 'Bearer of-a-client',
  Cookie: 'session=of-a-client',
  'X-Api-Key': 'of-a-client',
  'Proxy-Authorization': 'Basic of-a-client',
};
const LINK_WORDS = { 'X-GW-Own': '1', 'x-gw-draining': '1', 'X-Gw-Unreachable': '1', 'X-GW-Anything': 'of-a-client' };

describe('a client', () => {
  it.each<[string, NonNullable<Call['headers']>]>([
    ['the Host of somebody else', { Host: 'evil.example' }],
    ['the Host of the machine', { Host: 'gpu.default.link.internal' }],
    ['a Host that names Ollama’s port', { Host: '127.0.0.1:11434' }],
    ['an empty Host', { Host: '' }],
    ['credentials', CREDENTIALS],
    ['words of the link', LINK_WORDS],
    ['headers that it calls its connection’s own', { Connection: 'host, x-gw-own', 'X-GW-Own': '1' }],
    ['a protocol to switch to', { Connection: 'Upgrade, HTTP2-Settings', Upgrade: 'h2c', 'HTTP2-Settings': 'AA' }],
  ])('that sends %s changes nothing at Ollama, nor for the stream of another', async (_what, headers) => {
    const stream = await streamOfAnotherClient();
    const before = link.machines.arrivedAt('/api/tags').length;
    const reply = await link.bed.ollama.get('/api/tags?client', headers as Record<string, string>);
    expect(reply.status).toBe(200);
    const arrived = link.machines
      .arrivedAt('/api/tags')
      .slice(before)
      .filter(({ url }) => url.endsWith('?client'));
    expect(arrived).toHaveLength(1);
    expect(arrived[0]?.headers).toMatchObject({ host: 'localhost:11434' });
    expect(JSON.stringify(arrived[0]?.headers)).not.toMatch(/x-gw|of-a-client|evil|h2c/i);
    await stream.goesOn();
    stream.leave();
  });
});

const LATCH = [
  '/__link/drain',
  '//__link/drain',
  '/__link//drain',
  '/./__link/./drain',
  '/api/../__link/drain',
  '/api/tags/..;/__link/drain',
  '/api/tags/..%3b/../../__link/drain',
  '/__link/x/../drain',
  '/__link/..%2f__link/drain',
  '/%5f%5flink/drain',
  '/%5F%5Flin%6b/drain',
  '/_%5flink/%64rain',
  '/%255f%255flink/drain',
  '/%25255f%25255flink/drain',
  '/__link%2fdrain',
  '/__link%252fdrain',
  '/__link%5cdrain',
  '/%2f__link/drain',
  '/%2e/__link/drain',
  '/api/%2e%2e/__link/drain',
  '/api/%252e%252e/__link/drain',
  '/\\__link\\drain',
  '/__link\\drain',
  '/__link;x=1/drain',
  '/__link/drain;x=1',
  '/__link/drain/',
  '/__link/drain%00',
  '/__link/drain%20',
  '/__link/drain?',
  '/__link/drain#x',
  '/x#/../__link/drain',
  '/x%23/../__link/drain',
  '/x%3f/../__link/drain',
  '/__LINK/DRAIN',
  '/__Link/drain',
  'http://gateway/__link/drain',
  'http://gateway//__link/drain',
  'HTTP://gpu.default.link.internal/__link/drain',
  'https://localhost:11434/__link/drain',
  'http://gateway/api/../__link/drain',
  '__link/drain',
  '//gateway/__link/drain',
];
const WORDS = ['drain', 'status', 'keep-awake', 'idle-timeout'];

describe('the machine’s own paths', () => {
  const control = (): string[] => readdirSync(join(link.machine.root, LINK_DIR, 'control')).sort();

  /** One connection per request, for an answer that is no HTTP must not hide those that follow. */
  async function send(method: string, target: string): Promise<string> {
    const connection = await RawConnection.open(link.bed.gateway.url);
    const length = method === 'PUT' ? ['Content-Length: 1'] : [];
    connection.send(`${method} ${target} HTTP/1.1`, 'Host: gateway', 'Connection: close', ...length, '');
    if (length.length > 0) await connection.write('9');
    await connection.closed;
    return connection.text;
  }

  it.each(LATCH)('are nowhere at %s', async (spelled) => {
    const before = control();
    for (const word of WORDS) {
      // Letters spelled in another way stay as they are: the other words have a plain path of their own.
      const target = spelled.replace(/drain|%64rain|DRAIN/, word);
      for (const method of ['GET', 'PUT', 'DELETE', 'MOVE', 'PROPFIND']) {
        const answer = await send(method, target);
        expect(answer).toMatch(/^HTTP\/1\.1 4\d\d /);
        expect(answer).not.toMatch(/Active connections|nginx/);
      }
    }
    // The gateway itself has told the machine how long it may be idle, and goes on with that.
    expect(control()).toEqual(before);
    expect(before).toEqual(['idle-timeout']);
  });

  it('have let nobody shut the machine, nor open it to the eyes of Ollama', async () => {
    expect((await link.bed.ollama.get('/api/tags')).status).toBe(200);
    const named = link.machines.requests().filter(({ url }) => /link|drain|keep-awake/i.test(url));
    expect(named).toEqual([]);
  });
});

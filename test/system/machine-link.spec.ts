/** The machine's end of the link: the shipped nginx configuration, run by a real nginx before a scripted Ollama. */
import { readFileSync } from 'node:fs';
import { get } from 'node:https';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Agent } from 'undici';
import { endEverything } from '../support/endings.js';
import { eventually } from '../support/eventually.js';
import { LINK_DIR } from '../support/machine-nginx.js';
import { MachineUnderTest, TEST_LINK } from '../support/machine-under-test.js';
import type { Responder } from '../support/scripted-http.js';
import { TEST_CERTIFICATE, TEST_KEY } from '../support/test-certificate.js';

const ollama: Responder = (response, { target }) => {
  if (target === '/streams') return void response.write('first');
  if (target === '/busy') return void response.writeHead(503).end('{"error":"server busy"}');
  response.end('Ollama is running');
};

let machine: MachineUnderTest;
afterEach(endEverything);

const useLog = () => readFileSync(join(machine.root, LINK_DIR, 'use.log'), 'utf8');
const controlFile = (word: string) => readFileSync(join(machine.root, LINK_DIR, 'control', word), 'utf8');
const statusOf = async (...question: Parameters<MachineUnderTest['ask']>) => (await machine.ask(...question)).status;

/** What the log says of requests, after a last one that counts: what came before it has been written or never will be. */
async function useAfter(...questions: Parameters<MachineUnderTest['ask']>[]): Promise<string[]> {
  for (const question of questions) await machine.ask(...question);
  await machine.ask('DELETE', '/api/delete');
  await eventually('the last request is in the log', () => useLog().includes(' DELETE 200 '));
  const lines = useLog().trimEnd().split('\n');
  return lines.map((line) => line.replace(/^\d+\.\d{3} /, ''));
}

describe.each([
  ['a plain link', { kind: 'plain' } as const, '-'],
  ['mTLS', TEST_LINK, 'api.exoscale.test'],
])('over %s', (_name, link, replica) => {
  beforeEach(async () => {
    machine = await MachineUnderTest.start(link, ollama);
  });

  it('a request reaches Ollama as it came, under a name that Ollama takes and without the gateway’s mark', async () => {
    const { status, text } = await machine.ask('POST', '/api/%63hat//x?a=b', {
      body: '{}',
      headers: { 'x-gw-own': '1' },
    });
    expect([status, text]).toEqual([200, 'Ollama is running']);
    const [received] = machine.ollama.requests;
    expect(received).toMatchObject({ method: 'POST', target: '/api/%63hat//x?a=b', body: '{}' });
    expect(received?.headers).toMatchObject({ host: 'localhost:11434' });
    expect(received?.headers).not.toHaveProperty('x-gw-own');
  });

  it('a latched machine refuses requests, says why, and serves again once the latch is lifted', async () => {
    expect(await statusOf('PUT', '/__link/drain', { body: '' })).toBe(201);
    expect(await statusOf('PUT', '/__link/drain')).toBe(204);
    const refused = await machine.ask('POST', '/api/chat', { body: '{}' });
    expect([refused.status, refused.headers['x-gw-draining']]).toEqual([503, '1']);
    expect(refused.text).not.toMatch(/ollama/i);
    expect(await machine.writing()).toBe(1);
    expect(await statusOf('DELETE', '/__link/drain')).toBe(204);
    expect(await statusOf('POST', '/api/chat', { body: '{}' })).toBe(200);
    expect(await statusOf('DELETE', '/__link/drain')).toBe(404);
    expect(machine.ollama.requests).toHaveLength(1);
  });

  it('a latch leaves a running answer alone, and its end is seen in the count', async () => {
    const { body } = await machine.send('POST', '/streams');
    await machine.ask('PUT', '/__link/drain');
    expect(await machine.writing()).toBe(2);
    const closed = new Promise((resolve) => body.once('close', resolve));
    body.on('error', () => undefined).destroy(); // our own abort is the end that is waited for
    await closed;
    await eventually('the answer is no longer counted', async () => (await machine.writing()) === 1);
  });

  it.each(['idle-timeout', 'keep-awake'])('%s is kept as it was told, and can be taken back', async (word) => {
    expect(await statusOf('PUT', `/__link/${word}`, { body: '60\n' })).toBe(201);
    expect(await statusOf('PUT', `/__link/${word}`, { body: '90\n' })).toBe(204);
    expect(controlFile(word)).toBe('90\n');
    expect(await statusOf('PUT', `/__link/${word}`, { body: '1'.repeat(65) })).toBe(413);
    expect(controlFile(word)).toBe('90\n');
    expect(await statusOf('DELETE', `/__link/${word}`)).toBe(204);
  });

  it.each([
    ['GET', '/__link/drain'],
    ['POST', '/__link/drain'],
    ['PUT', '/__link/other'],
    ['PUT', '/__link/drain/x'],
    ['GET', '/__link'],
    ['GET', '/__link/'],
    ['GET', '//__link//x'],
    ['GET', '/%5f%5flink/x'],
  ] as const)('%s %s is nobody’s: 404, and Ollama does not see it', async (method, path) => {
    const { status } = await machine.ask(method, path, { body: method === 'GET' ? undefined : '' });
    expect(status).toBe(404);
    expect(machine.ollama.requests).toEqual([]);
  });

  it('only what may wake the machine and was answered by Ollama counts as use; the log says who and when, never what', async () => {
    await machine.ask('PUT', '/__link/drain');
    await machine.ask('POST', '/api/chat', { body: 'while latched' });
    await machine.ask('DELETE', '/__link/drain');
    expect(
      await useAfter(
        ['GET', '/api/tags'],
        ['HEAD', '/'],
        ['POST', '/api/show', { body: '{}' }],
        ['POST', '/api/generate', { body: '{}', headers: { 'x-gw-own': '1' } }],
        ['POST', '/v1/chat/completions?key=secret', { body: '{}' }],
        ['PUT', '/busy', { body: '' }],
      ),
    ).toEqual([`POST 200 ${replica}`, `PUT 503 ${replica}`, `DELETE 200 ${replica}`]);
  });

  it('what Ollama itself refuses passes untouched', async () => {
    const { status, headers, text } = await machine.ask('POST', '/busy', { body: '{}' });
    expect([status, text]).toEqual([503, '{"error":"server busy"}']);
    expect(Object.keys(headers).filter((name) => name.startsWith('x-gw'))).toEqual([]);
  });

  it('an Ollama that is away is told apart from one that answers, and asking for it is no use', async () => {
    await machine.ollama.close();
    const { status, headers } = await machine.ask('POST', '/api/chat', { body: '{}' });
    expect([status, headers['x-gw-unreachable']]).toEqual([502, '1']);
    expect(useLog()).toBe('');
  });
});

describe('over mTLS', () => {
  beforeEach(async () => {
    machine = await MachineUnderTest.start(TEST_LINK, ollama);
  });

  it('a caller without a certificate gets 400, reaches nothing, and cannot keep the machine awake', async () => {
    const stranger = new Agent({ connect: { ca: TEST_CERTIFICATE, servername: TEST_LINK.serverName } });
    const { status, text } = await machine.ask('POST', '/api/chat', { body: '{}', agent: stranger });
    expect(status).toBe(400);
    expect(text).not.toMatch(/ollama/i);
    expect(await statusOf('PUT', '/__link/keep-awake', { body: '9', agent: stranger })).toBe(400);
    await stranger.destroy();
    expect(machine.ollama.requests).toEqual([]);
    expect(await useAfter()).toHaveLength(1);
  });

  it('a caller who does not know the name of the machine gets no handshake', async () => {
    await expect(answerTo('gpu.other.link.internal', TEST_LINK.serverName)).rejects.toThrow('unrecognized name');
  });

  it('a request under another name than that of the handshake gets 421', async () => {
    expect(await answerTo(TEST_LINK.serverName, 'evil.example')).toBe(421);
    expect(await answerTo(TEST_LINK.serverName, TEST_LINK.serverName)).toBe(200);
    expect(machine.ollama.requests).toHaveLength(1);
  });

  /** With Node's own client: undici asks in the handshake for the name that is in Host. */
  function answerTo(servername: string, host: string): Promise<number | undefined> {
    const keys = { ca: TEST_CERTIFICATE, cert: TEST_CERTIFICATE, key: TEST_KEY, agent: false };
    return new Promise((resolve, reject) => {
      get({ host: '127.0.0.1', port: machine.linkPort, servername, headers: { host }, ...keys }, (response) => {
        response.resume().on('end', () => resolve(response.statusCode));
      }).on('error', reject);
    });
  }
});

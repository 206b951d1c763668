/**
 * What every front of a machine does with what comes over the link, as one suite over the simulated machines and (in
 * test/system) over a real nginx with the shipped configuration: whoever trusts the sandbox trusts this suite.
 */
import { once } from 'node:events';
import type { TLSSocket } from 'node:tls';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { renderUserData } from '../../src/modules/exoscale/user-data/render-user-data.js';
import { type MachineEnd, PlainLink } from '../../src/modules/link/machine-link.js';
import { MtlsLink } from '../../src/modules/link/mtls-link.js';
import { freePort } from '../../src/sandbox/machine-simulator/loopback.js';
import { atEnd, endEverything } from '../support/endings.js';
import { eventually } from '../support/eventually.js';
import { LinkClient, type LinkCall } from '../support/link-client.js';
import { type Responder, ScriptedHttp } from '../support/scripted-http.js';

/**
 * Starts a machine with this user-data and answers the address of its link port once it serves; ended by
 * `endEverything()`.
 */
export type StartMachine = (userData: string, ollama: ScriptedHttp) => Promise<string>;

const LAUNCH_ID = '5f0c2f0e-8a51-4a44-9d5c-0a4f8f6f2b11';
const NAME = 'gpu.default.link.internal';

const responder: Responder = (response, { target }) => {
  if (target === '/streams') return void response.write('first');
  if (target === '/breaks') return void response.write('first', () => response.socket?.destroy());
  response.end('Ollama is running');
};

const linkOf = (epoch: number, byte: number, pool = 'default'): Promise<MtlsLink> =>
  MtlsLink.create(pool, 'boot-1', [{ epoch, secret: Buffer.alloc(32, byte) }]);

/** What this link's gateway shows and expects. */
function keysOf(link: MtlsLink): LinkCall {
  const options = link.connectOptions({ url: '', launchId: LAUNCH_ID, linkEpoch: link.epoch });
  const { ca, cert, key } = options as Pick<LinkCall, 'ca' | 'cert' | 'key'>;
  return { ca, cert, key, servername: NAME, headers: { host: NAME } };
}

export function machineFrontContract(name: string, startMachine: StartMachine): void {
  let ollama: ScriptedHttp;
  let client: LinkClient;
  let end: MachineEnd;

  /** A machine with this link's end and Ollama behind it. */
  async function start(link: MtlsLink | PlainLink): Promise<void> {
    ollama = await ScriptedHttp.start(responder);
    atEnd(() => ollama.close());
    end = await link.machineEnd(LAUNCH_ID);
    const port = await freePort();
    const settings = { launchId: LAUNCH_ID, gpu: false, image: 'ollama/ollama:0', ollamaEnv: {}, idleTimeoutSec: 60 };
    const host = await startMachine(renderUserData({ ...settings, linkPort: port, link: end }), ollama);
    client = new LinkClient({ host, port }, link instanceof MtlsLink ? keysOf(link) : { tls: false });
  }
  afterEach(endEverything);

  const writing = async (): Promise<number> => {
    const { text } = await client.ask({ path: '/__link/status' });
    return Number(/^Reading: \d+ Writing: (\d+) Waiting: \d+ $/m.exec(text)?.[1]);
  };
  const outcomes = async (...calls: LinkCall[]): Promise<(number | string)[]> => {
    const found: (number | string)[] = [];
    for (const call of calls) found.push(await client.outcome(call));
    return found;
  };

  describe.each([
    ['mTLS', () => linkOf(1, 1)],
    ['a plain link', () => Promise.resolve(new PlainLink())],
  ])(`${name} over %s`, (_link, link) => {
    beforeEach(async () => start(await link()));

    it('gives Ollama what it gets, without the gateway’s mark', async () => {
      const headers = { ...(end.kind === 'mtls' && { host: NAME }), 'x-gw-own': '1', 'x-client': 'kept' };
      const call = { method: 'POST', path: '/api/%63hat//x?a=b', body: '{"a":1}', headers };
      expect(await client.ask(call)).toMatchObject({ status: 200, text: 'Ollama is running' });
      const [received] = ollama.requests;
      expect(received).toMatchObject({ method: 'POST', target: '/api/%63hat//x?a=b', body: '{"a":1}' });
      expect(received?.headers).toMatchObject({ 'x-client': 'kept' });
      expect(received?.headers).not.toHaveProperty('x-gw-own');
    });

    it('passes each piece of an answer on at once, and tells Ollama when nobody reads on', async () => {
      const answer = await client.send({ method: 'POST', path: '/streams' });
      const [piece] = (await once(answer, 'data')) as [Buffer];
      expect(piece.toString()).toBe('first');
      expect(ollama.open).toBe(1);
      answer.on('error', () => undefined).destroy();
      await eventually('Ollama has seen the end', () => ollama.open === 0);
    });

    it('breaks an answer off where Ollama has broken it off', async () => {
      expect(await client.outcome({ method: 'POST', path: '/breaks' })).toBe('ECONNRESET');
    });

    it('says that Ollama is not there, as nobody else does', async () => {
      await ollama.close();
      const { status, headers } = await client.ask({ method: 'POST', path: '/api/chat', body: '{}' });
      expect([status, headers['x-gw-unreachable']]).toEqual([502, '1']);
    });

    it('turns requests away while it is latched, and lets answers under way go on', async () => {
      await client.send({ method: 'POST', path: '/streams' });
      const latch = { method: 'PUT', path: '/__link/drain', body: '' };
      expect(await outcomes(latch, latch)).toEqual([201, 204]);
      const refused = await client.ask({ method: 'POST', path: '/api/chat', body: '{}' });
      expect([refused.status, refused.headers['x-gw-draining']]).toEqual([503, '1']);
      expect(await writing()).toBe(2);
      const open = { method: 'DELETE', path: '/__link/drain' };
      expect(await outcomes(open, open, { path: '/' })).toEqual([204, 404, 200]);
      expect(ollama.requests.map(({ target }) => target)).toEqual(['/streams', '/']);
    });

    it('counts the requests in progress, the one that asks among them', async () => {
      expect(await writing()).toBe(1);
      const answers = await Promise.all([1, 2, 3].map(() => client.send({ method: 'POST', path: '/streams' })));
      expect(await writing()).toBe(4);
      for (const answer of answers) answer.on('error', () => undefined).destroy();
      await eventually('nobody is there any more', async () => (await writing()) === 1);
    });

    it.each(['idle-timeout', 'keep-awake'])('takes %s, another one, and takes it back', async (word) => {
      const path = `/__link/${word}`;
      const put = (body: string): LinkCall => ({ method: 'PUT', path, body });
      const remove = { method: 'DELETE', path };
      const all = [put('60\n'), put('90\n'), put('9'.repeat(65)), remove, remove];
      expect(await outcomes(...all)).toEqual([201, 204, 413, 204, 404]);
    });

    it.each([
      ['GET', '/__link/drain'],
      ['POST', '/__link/drain'],
      ['PUT', '/__link/other'],
      ['GET', '/__link'],
      ['GET', '/__link/'],
      ['GET', '/__linked'],
    ])('has nothing at %s %s, and Ollama is not asked', async (method, path) => {
      expect(await client.outcome({ method, path, body: method === 'GET' ? undefined : '' })).toBe(404);
      expect(ollama.requests).toEqual([]);
    });
  });

  describe(`${name} with the keys of a pool`, () => {
    let ours: MtlsLink;
    beforeEach(async () => {
      ours = await linkOf(2, 2);
      await start(ours);
    });
    const ownKeys = (): LinkCall => {
      if (end.kind !== 'mtls') throw new Error('this machine has no keys');
      return { cert: end.certificatePem, key: end.keyPem };
    };

    it('lets the gateway in', async () => {
      expect(await client.outcome()).toBe(200);
    });

    it.each<[string, () => Promise<LinkCall> | LinkCall]>([
      ['no certificate', () => ({ cert: undefined, key: undefined })],
      ['a certificate of another authority', async () => theirs(await linkOf(2, 9))],
      ['a certificate of an epoch before', async () => theirs(await linkOf(1, 2))],
      ['a certificate of another pool', async () => theirs(await linkOf(2, 2, 'other'))],
      ['the machine’s own certificate, stolen from its user-data', () => ownKeys()],
    ])('answers 400 to a caller with %s, and Ollama hears nothing of it', async (_what, credentials) => {
      const caller = await credentials();
      const { status, text } = await client.ask({ method: 'POST', path: '/api/chat', body: '{}', ...caller });
      expect(status).toBe(400);
      expect(text).not.toMatch(/ollama/i);
      expect(await outcomes({ ...caller, method: 'PUT', path: '/__link/drain', body: '' })).toEqual([400]);
      expect(await client.outcome()).toBe(200);
      expect(ollama.requests).toHaveLength(1);
    });

    it.each<[string, LinkCall]>([
      ['TLS 1.2', { maxVersion: 'TLSv1.2' }],
      ['another name', { servername: 'gpu.other.link.internal', checkServerIdentity: () => undefined }],
      ['no name', { servername: '', checkServerIdentity: () => undefined }],
    ])('gives no handshake to a caller with %s', async (_what, call) => {
      expect(await client.outcome(call)).toMatch(/^(ERR_SSL_|EPROTO|ECONNRESET)/);
      expect(ollama.requests).toEqual([]);
    });

    it('gives plain HTTP no answer of Ollama’s', async () => {
      expect(await client.outcome({ tls: false, method: 'POST', path: '/api/chat', body: '{}' })).not.toBe(200);
      expect(ollama.requests).toEqual([]);
    });

    it('answers 421 to a Host that is not the name of the handshake', async () => {
      expect(await client.outcome({ headers: { host: 'evil.example' } })).toBe(421);
      expect(ollama.requests).toEqual([]);
    });

    it('takes up no session again, so that every connection shows its certificate', async () => {
      const first = await client.send();
      const session = (first.socket as TLSSocket).getSession();
      first.resume();
      expect(await client.ask({ session })).toMatchObject({ status: 200, resumed: false });
    });

    const theirs = (link: MtlsLink): LinkCall => {
      const { cert, key } = keysOf(link);
      return { cert, key };
    };
  });
}

/**
 * The gateway's end of the link against TLS servers made from what a machine gets, honest and not. The same attacks on the
 * machine's own front are in test/system: there it is nginx.
 */
import { once } from 'node:events';
import { createServer, type Server, type ServerOptions } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Agent, request } from 'undici';
import { atEnd, endEverything } from '../../../test/support/endings.js';
import type { MachineTarget } from '../provisioning/ports/machine.port.js';
import { LinkAgents } from './link-agents.js';
import { isLinkRefusal } from './link-refusal.js';
import type { MachineEnd } from './machine-link.js';
import { MtlsLink } from './mtls-link.js';

const epochOf = (epoch: number, byte = epoch) => ({ epoch, secret: Buffer.alloc(32, byte) });
type TlsEnd = Extract<MachineEnd, { kind: 'mtls' }>;

describe('the mTLS link', () => {
  let ours: MtlsLink;
  let end: TlsEnd;

  beforeAll(async () => {
    ours = await MtlsLink.create('default', 'boot-1', [epochOf(1)]);
    end = (await ours.machineEnd('launch-1')) as TlsEnd;
  });
  afterEach(endEverything);

  interface Machine {
    target: MachineTarget;
    server: Server;
    /** Paths of the requests that were read. */
    paths: string[];
    names: string[];
  }

  /** A machine with this end, as its front is configured from user-data. */
  async function machine(its: TlsEnd, options: ServerOptions = {}): Promise<Machine> {
    const paths: string[] = [];
    const names: string[] = [];
    const server = createServer(
      {
        cert: its.certificatePem,
        key: its.keyPem,
        ca: its.caPem,
        requestCert: true,
        minVersion: 'TLSv1.3',
        ...options,
      },
      (incoming, response) => {
        paths.push(incoming.url ?? '');
        response.end((incoming.socket as TLSSocket).getPeerCertificate().subject.CN);
      },
    );
    server.on('secureConnection', (socket) => names.push(socket.servername || ''));
    server.on('tlsClientError', () => undefined);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    atEnd(() => {
      server.closeAllConnections();
      server.close();
    });
    const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
    return { target: { url, launchId: 'launch-1', linkEpoch: 1 }, server, paths, names };
  }

  function agentsOf(link: MtlsLink): LinkAgents {
    const agents = new LinkAgents(link, { pipelining: 1 });
    atEnd(() => agents.destroy());
    return agents;
  }

  async function ask(link: MtlsLink, target: MachineTarget, path = '/'): Promise<string> {
    const dispatcher = agentsOf(link).of(target);
    try {
      return await (await request(`${target.url}${path}`, { dispatcher })).body.text();
    } catch (error) {
      return isLinkRefusal(error) ? `refused: ${codeOf(error)}` : `failed: ${codeOf(error)}`;
    }
  }

  const codeOf = (error: unknown): string => (error as { code?: string }).code ?? String(error);

  it('reaches its machine under one constant name, and shows which process it is', async () => {
    const { target, names } = await machine(end);
    expect(await ask(ours, target)).toBe('boot-1');
    expect(names).toEqual(['gpu.default.link.internal']);
  });

  it('needs nothing but the secret: another process with the same one reaches the machine too', async () => {
    const other = await MtlsLink.create('default', 'boot-2', [epochOf(1)]);
    const { target } = await machine(end);
    expect(await ask(other, target)).toBe('boot-2');
    expect(other.digest).toBe(ours.digest);
  });

  it('sends no byte of a request to an impostor with another authority', async () => {
    const stranger = await MtlsLink.create('default', 'boot', [epochOf(1, 99)]);
    const { target, paths } = await machine((await stranger.machineEnd('launch-1')) as TlsEnd);
    expect(await ask(ours, target, '/secret')).toMatch(
      /^refused: (UNABLE_TO_VERIFY_LEAF_SIGNATURE|CERT_SIGNATURE_FAILURE|SELF_SIGNED)/,
    );
    expect(paths).toEqual([]);
  });

  it('takes no other machine of the pool for the one meant: an address that was given away says nothing', async () => {
    const { target, paths } = await machine((await ours.machineEnd('launch-2')) as TlsEnd);
    expect(await ask(ours, target)).toBe('refused: ERR_LINK_PIN');
    expect(paths).toEqual([]);
  });

  it('takes a machine of another pool for none of its own', async () => {
    const other = await MtlsLink.create('other', 'boot', [epochOf(1)]);
    const { target } = await machine((await other.machineEnd('launch-1')) as TlsEnd);
    expect(await ask(ours, target)).toMatch(/^refused: /);
  });

  it('does not go down to TLS 1.2', async () => {
    const { target } = await machine(end, { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' });
    expect(await ask(ours, target)).toMatch(/^refused: (ERR_SSL_|EPROTO)/);
  });

  it('checks every connection: nothing is resumed, so that no check is skipped', async () => {
    const { target, server } = await machine(end);
    const sessions: boolean[] = [];
    server.on('secureConnection', (socket) => sessions.push(socket.isSessionReused()));
    const dispatcher = agentsOf(ours).of(target);
    const askOnce = async () => (await request(target.url, { dispatcher, reset: true })).body.text();
    await askOnce();
    await askOnce();
    expect(sessions).toEqual([false, false]);
  });

  it.each([
    ['the end of the machine itself, stolen from its user-data', () => ({ cert: end.certificatePem, key: end.keyPem })],
    ['nothing', () => ({})],
  ])('is closed to a client with %s', async (_what, credentials) => {
    const { target, paths } = await machine(end, { rejectUnauthorized: true });
    const connect = { ca: end.caPem, servername: 'gpu.default.link.internal', ...credentials() };
    const agent = new Agent({ connect });
    atEnd(() => agent.destroy());
    await expect(request(target.url, { dispatcher: agent })).rejects.toThrow();
    expect(paths).toEqual([]);
  });

  describe('during a rotation', () => {
    it('makes new machines with the newest epoch and speaks to those of the epochs it still has', async () => {
      const rotated = await MtlsLink.create('default', 'boot-1', [epochOf(2), epochOf(1)]);
      const [old, fresh] = [await machine(end), await machine((await rotated.machineEnd('launch-1')) as TlsEnd)];
      expect([rotated.epoch, rotated.epochs]).toEqual([2, [2, 1]]);
      expect(await ask(rotated, old.target)).toBe('boot-1');
      expect(await ask(rotated, { ...fresh.target, linkEpoch: 2 })).toBe('boot-1');
      expect(rotated.digest).not.toBe(ours.digest);
    });

    it('has no words for a machine whose epoch has been taken out', async () => {
      const { target } = await machine(end);
      expect(() => agentsOf(ours).of({ ...target, linkEpoch: 7 })).toThrow('no link keys of epoch 7');
    });

    it('is refused by a machine whose secret was another one, and knows that for a refusal', async () => {
      const lost = await MtlsLink.create('default', 'boot', [epochOf(1, 50)]);
      const { target } = await machine(end, { rejectUnauthorized: true });
      expect(await ask(lost, target)).toMatch(/^refused: /);
    });
  });
});

describe('the agents of the link', () => {
  afterEach(endEverything);

  it('are one per machine: an address that comes back with another launch gets another one', async () => {
    const link = await MtlsLink.create('default', 'boot', [epochOf(1)]);
    const agents = new LinkAgents(link, {});
    atEnd(() => agents.destroy());
    const target = { url: 'https://203.0.113.7:8443', launchId: 'a', linkEpoch: 1 };
    const first = agents.of(target);
    expect(agents.of(target)).toBe(first);
    expect(agents.of({ ...target })).toBe(first);
    const second = agents.of({ ...target, launchId: 'b' });
    expect(second).not.toBe(first);
    expect(first.closed).toBe(true);
    expect(agents.of({ ...target, url: 'https://203.0.113.8:8443', launchId: 'b' })).not.toBe(second);
  });
});

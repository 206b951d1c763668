/**
 * Whoever is not the gateway, at the link port of a machine that the gateway has made: attack list of
 * coordination-and-link.md §2.7. What a front does with each kind of caller is also in machine-front.contract.ts; here the
 * machine, its keys and its firewall are those of a real gateway.
 */
import { spawnSync } from 'node:child_process';
import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { makeClientCertificate } from '../../src/modules/link/certificates.js';
import { endEverything } from '../support/endings.js';
import { LinkBed, linkSecret } from '../support/link-bed.js';
import type { LinkCall, LinkClient } from '../support/link-client.js';
import { LinkPeer } from '../support/link-peer.js';
import { layOutMachine } from '../support/machine-files.js';
import { LINK_DIR } from '../support/machine-nginx.js';
import { requireProgram } from '../support/programs.js';
import { SignedClient } from '../support/signed-client.js';

let link: LinkBed;
let client: LinkClient;
beforeAll(async () => {
  link = await LinkBed.ready();
  client = link.client();
});
afterAll(endEverything);

describe('a port scan', () => {
  it('finds the link port open, and nothing else: the firewall of the cloud lets nothing else through', async () => {
    const { EXOSCALE_API_KEY: apiKey = '', EXOSCALE_API_SECRET: apiSecret = '', ...rest } = link.bed.environment;
    const cloud = new SignedClient(String(rest.EXOSCALE_API_ENDPOINT), { apiKey, apiSecret });
    const { securityGroupIds, sshKeyNames } = link.instance;
    expect([securityGroupIds.length, sshKeyNames]).toEqual([1, []]);
    const { rules } = (await cloud.get(`/security-group/${securityGroupIds[0]}`)).body;
    const port = link.machines.linkPort;
    expect(rules).toEqual([
      expect.objectContaining({ 'flow-direction': 'ingress', protocol: 'tcp', 'start-port': port, 'end-port': port }),
    ]);
  });

  it('would find no more of nginx without it', () => {
    requireProgram('ss', 'iproute2');
    const { stdout } = spawnSync('ss', ['-Hlntp'], { encoding: 'utf8' });
    const own = stdout.split('\n').filter((line) => line.includes(`pid=${link.machine.nginx.pid},`));
    expect(own.map((line) => line.split(/\s+/)[3])).toEqual([`0.0.0.0:${link.machines.linkPort}`]);
  });
});

describe('a caller without keys of the pool', () => {
  /** What a process with this secret shows. */
  async function keysOf(secret: string, pool?: string): Promise<LinkCall> {
    const peer = await LinkPeer.create(secret, { pool });
    const { cert, key } = peer.callOf({ ...link.target, linkEpoch: peer.link.epoch });
    return { cert, key };
  }

  /** What a forger shows who knows every name and no key. */
  async function forged(issuerName: string): Promise<LinkCall> {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
    const issuer = { key: { privateKey, publicKey }, commonName: issuerName };
    const cert = await makeClientCertificate(issuer, publicKey, 'peer');
    return { cert, key: privateKey.export({ type: 'pkcs8', format: 'pem' }) };
  }

  const authorityName = (): string => {
    const ca = readFileSync(join(link.machine.root, 'etc/ollama-gateway/link/ca.pem'));
    return new X509Certificate(ca).subject.replace(/^CN=/, '');
  };

  it.each<[string, () => LinkCall | Promise<LinkCall>]>([
    ['plain HTTP', () => ({ tls: false })],
    ['no certificate', () => ({ cert: undefined, key: undefined })],
    ['a certificate of another secret', () => keysOf(`1:${Buffer.alloc(32, 77).toString('base64')}`)],
    ['a certificate of another epoch', () => keysOf(linkSecret(2))],
    ['a certificate of another pool', () => keysOf(linkSecret(1), 'other')],
    ['a self-signed certificate with the name of a gateway', () => forged('peer')],
    ['a certificate of an authority that only has our name', () => forged(authorityName())],
  ])('who has %s gets 400, learns nothing, and Ollama hears nothing of it', async (_what, call) => {
    const credentials = await call();
    const answer = await client.ask({ method: 'POST', path: '/api/stranger', body: '{}', ...credentials });
    expect(answer.status).toBe(400);
    expect(`${JSON.stringify(answer.headers)}${answer.text}`).not.toMatch(/ollama|nginx\/\d/i);
    expect(await client.outcome({ method: 'PUT', path: '/__link/drain', body: '', ...credentials })).toBe(400);
    expect(await client.outcome({ path: '/__link/status', ...credentials })).toBe(400);
    expect(link.machines.arrivedAt('/api/stranger')).toEqual([]);
  });

  it('gets no handshake with TLS 1.2, keys of the pool or not', async () => {
    await expect(client.ask({ maxVersion: 'TLSv1.2' })).rejects.toThrow('alert protocol version');
  });

  it('lacks nothing but them: whoever has them is served', async () => {
    expect(await client.outcome({ path: '/api/version' })).toBe(200);
    await client.ask({ path: '/api/stranger' });
    expect(link.machines.arrivedAt('/api/stranger')).toHaveLength(1);
  });
});

describe('an end without an authority to go by', () => {
  it('is a gateway that trusts nobody: not even the machine itself', async () => {
    const withoutAuthority = { ca: undefined, path: '/api/stranger' };
    expect(await client.outcome(withoutAuthority)).toBe('UNABLE_TO_VERIFY_LEAF_SIGNATURE');
    expect(await client.outcome({ ...withoutAuthority, ca: [] })).toBe('UNABLE_TO_VERIFY_LEAF_SIGNATURE');
  });

  it.each([
    ['is not named', (text: string) => text.replace(/^ *ssl_client_certificate .*\n/m, ''), (ca: string) => ca],
    ['is an empty file', (text: string) => text, () => ''],
  ])('is a machine that does not start: one whose authority %s', (_what, changeText, changeAuthority) => {
    const root = layOutMachine(link.instance.userData ?? '');
    const folder = join(root, 'etc/ollama-gateway/link');
    const change = (name: string, how: (text: string) => string): void =>
      writeFileSync(join(folder, name), how(readFileSync(join(folder, name), 'utf8')));
    expect(testNginx(root)).toBe('it starts');
    change('nginx.conf', changeText);
    change('ca.pem', changeAuthority);
    expect(testNginx(root)).toMatch(/\[emerg\].*(ssl_client_certificate|ca\.pem)/);
  });

  /** `it starts`, or why not. */
  function testNginx(root: string): string {
    const prefix = join(root, LINK_DIR);
    mkdirSync(prefix, { recursive: true });
    const args = ['-t', '-e', 'stderr', '-p', `${prefix}/`, '-c', join(root, 'etc/ollama-gateway/link/nginx.conf')];
    const { status, stderr } = spawnSync('nginx', args, { cwd: prefix, encoding: 'utf8' });
    return status === 0 ? 'it starts' : stderr;
  }
});

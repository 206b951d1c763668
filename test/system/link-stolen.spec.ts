/**
 * What others may come to read of the link, and what they can do with it: user-data, the state folder, certificates.
 * Attack list of coordination-and-link.md §2.7.
 *
 * Two of its rows have no test here. The metadata service, by which a process on the machine would read user-data, is
 * closed by the kernel: machine-firewall.spec.ts. A stolen GATEWAY_LINK_SECRET and a gateway taken over are full access
 * by design (ADR 0011): what ends them is a rotation, link-rotation.spec.ts.
 */
import { createPrivateKey, generateKeyPairSync, X509Certificate, type KeyObject } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { makeClientCertificate } from '../../src/modules/link/certificates.js';
import { deriveKey } from '../../src/modules/link/derive-key.js';
import { parseLinkSecret } from '../../src/modules/link/link-secret.js';
import { endEverything } from '../support/endings.js';
import { LinkBed } from '../support/link-bed.js';

let link: LinkBed;
/** The secret is one that the gateway has made and keeps. */
beforeAll(async () => {
  link = await LinkBed.ready({ GATEWAY_LINK_SECRET: '' });
  await link.bed.ollama.generate();
});
afterAll(endEverything);

const PEM = /-----BEGIN (CERTIFICATE|PRIVATE KEY)-----[^-]+-----END \1-----\n/g;

/** All that this text could be used with. */
function pemsIn(text: string): { certificates: string[]; keys: string[] } {
  const blocks = text.replaceAll(/^ +/gm, '').match(PEM) ?? [];
  const certificates = blocks.filter((one) => one.includes('CERTIFICATE'));
  return { certificates, keys: blocks.filter((one) => !certificates.includes(one)) };
}

function dOf(key: KeyObject): Buffer {
  return Buffer.from(key.export({ format: 'jwk' }).d as string, 'base64url');
}

describe('who has read the user-data of the machine', () => {
  const userData = (): string => gunzipSync(Buffer.from(link.instance.userData ?? '', 'base64')).toString();

  it('has one key: that of this machine', () => {
    const { certificates, keys } = pemsIn(userData());
    expect([certificates.length, keys.length]).toEqual([2, 1]);
    const key = createPrivateKey(keys[0] as string);
    const [server] = certificates.map((one) => new X509Certificate(one)).filter((one) => one.checkPrivateKey(key));
    expect(server?.subjectAltName).toBe(`DNS:${link.peer.link.host}`);
    expect(server?.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1']);
    expect(server?.ca).toBe(false);
    expect(server?.publicKey.asymmetricKeyDetails).toEqual({ namedCurve: 'prime256v1' });
  });

  it('is not let in with any of it', async () => {
    const { certificates, keys } = pemsIn(userData());
    for (const cert of certificates) {
      for (const key of keys) {
        const outcome = await link.client().outcome({ path: '/api/thief', cert, key });
        // The authority's certificate does not fit the only key: that is found out before anything is sent.
        expect(outcome).toBe(cert === certificates[0] ? 'ERR_OSSL_X509_KEY_VALUES_MISMATCH' : 400);
      }
    }
    expect(link.machines.arrivedAt('/api/thief')).toEqual([]);
  });

  it('cannot make a certificate for a client with the key either: the machine is no authority', async () => {
    const { certificates, keys } = pemsIn(userData());
    const [ca = '', server = ''] = certificates;
    const stolen = createPrivateKey(keys[0] as string);
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
    const issuer = { key: { privateKey: stolen, publicKey }, commonName: link.peer.link.host };
    const minted = await makeClientCertificate(issuer, publicKey, 'peer');
    const key = privateKey.export({ type: 'pkcs8', format: 'pem' });
    for (const cert of [minted, `${minted}${server}`, `${minted}${server}${ca}`]) {
      expect(await link.client().outcome({ path: '/api/thief', cert, key })).toBe(400);
    }
    expect(link.machines.arrivedAt('/api/thief')).toEqual([]);
  });

  it('has neither the secret of the link nor the keys of the cloud', () => {
    const { GATEWAY_STATE_DIR: folder = '', EXOSCALE_API_KEY: key, EXOSCALE_API_SECRET: secret } = link.bed.environment;
    const text = userData();
    for (const own of [readFileSync(join(folder, 'link-secret'), 'utf8').trim().slice(2), key, secret]) {
      expect(own?.length).toBeGreaterThan(5);
      expect(text).not.toContain(own);
    }
  });
});

describe('who has read the state folder but for the file of the secret', () => {
  it('has no key of the link, and that file is for the gateway alone', () => {
    const folder = link.bed.environment.GATEWAY_STATE_DIR as string;
    const path = join(folder, 'link-secret');
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const text = readFileSync(path, 'utf8').trim();
    const [epoch] = parseLinkSecret(text);
    const { secret } = epoch as { secret: Buffer };
    const keys = ['ca/1/default', `server/1/default/${link.target.launchId}`].map((info) => deriveKey(secret, info));
    const canaries = [secret, ...keys.map(({ privateKey }) => dOf(privateKey))].flatMap((bytes) => [
      bytes,
      ...(['base64', 'base64url', 'hex'] as const).map((encoding) => Buffer.from(bytes.toString(encoding))),
    ]);
    canaries.push(Buffer.from('PRIVATE KEY'));

    const others = readdirSync(folder).filter((name) => name !== 'link-secret');
    const content = Buffer.concat(others.map((name) => readFileSync(join(folder, name))));
    // It is the folder of a gateway at work, and its words can be found.
    expect(others).toContain('state.db');
    expect(content.includes(link.target.launchId)).toBe(true);
    expect(canaries.filter((canary) => content.includes(canary))).toEqual([]);
  });
});

describe('a machine whose clock is wrong at its boot', () => {
  // The clock of a process cannot be set without programs that the suite would be the only one to need (faketime).
  it('takes the gateway, and is taken for itself, from 2020 to 2049: its epoch ends a certificate, not its date', () => {
    const { certificates } = pemsIn(gunzipSync(Buffer.from(link.instance.userData ?? '', 'base64')).toString());
    const client = link.peer.callOf(link.target).cert as string;
    for (const one of [...certificates, client].map((pem) => new X509Certificate(pem))) {
      expect(Date.parse(one.validFrom)).toBeLessThanOrEqual(Date.parse('2020-01-01T00:00:00Z'));
      expect(Date.parse(one.validTo)).toBeGreaterThanOrEqual(Date.parse('2049-12-31T00:00:00Z'));
    }
  });
});

/**
 * Whoever answers at the address of a machine and is not that machine gets not one byte of a request: attack list of
 * coordination-and-link.md §2.7. The gateway is a real one, and replaces the machine that it cannot reach.
 */
import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { makeAuthority, makeServerCertificate } from '../../src/modules/link/certificates.js';
import { endEverything } from '../support/endings.js';
import { eventually } from '../support/eventually.js';
import { Impostor, type ImpostorKeys } from '../support/impostor.js';
import { LinkBed, linkSecret } from '../support/link-bed.js';
import { LinkPeer } from '../support/link-peer.js';
import { layOutMachine } from '../support/machine-files.js';

afterEach(endEverything);

const SECRET_PROMPT = 'what nobody else may read';
const NAME = 'gpu.default.link.internal';

/** What the machine of this user-data shows. */
function keysIn(userData: string | null): ImpostorKeys {
  const folder = join(layOutMachine(userData ?? ''), 'etc/ollama-gateway/link');
  const [certificatePem, keyPem] = ['server.pem', 'server.key'].map((name) => readFileSync(join(folder, name), 'utf8'));
  return { certificatePem: certificatePem as string, keyPem: keyPem as string };
}

/** What a machine of this launch would show in a pool with this secret. */
async function keysOf(secret: string, launchId: string): Promise<ImpostorKeys> {
  const { link } = await LinkPeer.create(secret);
  return (await link.machineEnd(launchId)) as ImpostorKeys & { kind: 'mtls' };
}

/** From now on an impostor with these keys has the address of the machine. */
async function usurped(link: LinkBed, keys: ImpostorKeys): Promise<Impostor> {
  let impostor: Impostor | null = null;
  const open = async (address: string): Promise<Impostor> =>
    (impostor = await Impostor.listen(address, link.machines.linkPort, keys));
  await link.machines.usurp(link.instance.id, open);
  return impostor as unknown as Impostor;
}

/** Clients ask and ask; the gateway finds out, says so, and gives them another machine. */
async function staysUnread(link: LinkBed, impostor: Impostor): Promise<void> {
  const { bed } = link;
  const before = bed.instanceId;
  const reply = await bed.ollama.generate({ prompt: SECRET_PROMPT });
  expect([502, 503]).toContain(reply.status);
  expect(reply.text).not.toContain(SECRET_PROMPT);
  await eventually('the gateway knows', () => bed.gateway.log.some(({ msg }) => msg.includes('other link keys')), {
    explain: () => bed.gateway.describe(),
  });
  expect(impostor.connections).toBeGreaterThanOrEqual(3);
  expect(impostor.text).toBe('');
  expect((await bed.answered()).status).toBe(200);
  expect(bed.instanceId).not.toBe(before);
}

describe('an impostor at the address of a machine that serves', () => {
  it('is sent nothing when its certificate is from another secret', async () => {
    const link = await LinkBed.ready();
    const keys = await keysOf(`1:${Buffer.alloc(32, 77).toString('base64')}`, link.target.launchId);
    await staysUnread(link, await usurped(link, keys));
  });

  it('is sent nothing when its certificate is that of the machine in another epoch', async () => {
    const link = await LinkBed.ready();
    await staysUnread(link, await usurped(link, await keysOf(linkSecret(2), link.target.launchId)));
  });

  it('is sent nothing when its certificate is that of the machine before, by the same authority and for the same name', async () => {
    const link = await LinkBed.ready();
    const { id, userData } = link.instance;
    await link.bed.cloud.deleteByHand(id);
    await link.bed.gateway.untilPhase('absent');
    await link.bed.ready();
    const [before, now] = [keysIn(userData), keysIn(link.instance.userData)].map(
      ({ certificatePem }) => new X509Certificate(certificatePem),
    );
    expect(before).toMatchObject({ issuer: now?.issuer, subject: now?.subject, subjectAltName: now?.subjectAltName });
    await staysUnread(link, await usurped(link, keysIn(userData)));
  });

  it('is sent nothing when an authority that the computer trusts has given it the name', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
    const issuer = { key: { privateKey, publicKey }, commonName: 'an authority known to everybody' };
    const bundle = join(layOutMachine('#cloud-config\nwrite_files: []\n'), 'authorities.pem');
    writeFileSync(bundle, await makeAuthority(issuer));
    const link = await LinkBed.ready({ NODE_EXTRA_CA_CERTS: bundle });
    const keys = {
      certificatePem: await makeServerCertificate(issuer, publicKey, NAME),
      keyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
    };
    await staysUnread(link, await usurped(link, keys));
  });
});

describe('a machine whose address was given to somebody else while it was stopped', () => {
  it.each([
    ['a machine of another pool', `1:${Buffer.alloc(32, 77).toString('base64')}`, 'theirs'],
    ['another machine of this pool', linkSecret(1), 'another'],
  ])(
    'is not taken for ready when that is %s, and the request that waits for it stays here',
    async (_what, secret, launch) => {
      const link = await LinkBed.ready({ EXOSCALE_IDLE_TIMEOUT: '1' });
      await link.bed.gateway.untilPhase('stopped');
      const keys = await keysOf(secret, launch);
      const strangers: Impostor[] = [];
      link.machines.stranger = async (address) => {
        // One machine is enough: the next one has its own address again.
        link.machines.stranger = null;
        const stranger = await Impostor.listen(address, link.machines.linkPort, keys);
        strangers.push(stranger);
        return stranger;
      };
      const { gateway } = link.bed;
      const phases = (): unknown[] => gateway.log.flatMap(({ msg, to }) => (msg.startsWith('phase ') ? [to] : []));
      const seen = phases().length;
      const held = await link.bed.ollama.generate({ prompt: SECRET_PROMPT });
      expect([held.status, held.json().code]).toEqual([503, 'link_mismatch']);
      expect(strangers[0]?.connections).toBeGreaterThanOrEqual(3);
      expect(strangers[0]?.text).toBe('');
      await gateway.wentThrough('stopped', 'starting', 'booting', 'failed');
      expect(phases().slice(seen)).not.toContain('ready');
      expect((await link.bed.answered()).status).toBe(200);
    },
  );
});

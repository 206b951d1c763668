/**
 * The private link: TLS 1.3 with certificates on both sides, all of them made from one secret and the machine's labels.
 * Knows keys and names; neither HTTP nor phases.
 */
import { generateKeyPairSync, X509Certificate, type KeyObject } from 'node:crypto';
import { checkServerIdentity, type PeerCertificate } from 'node:tls';
import type { buildConnector } from 'undici';
import type { MachineTarget } from '../provisioning/ports/machine.port.js';
import { makeAuthority, makeClientCertificate, makeServerCertificate, type Issuer } from './certificates.js';
import { deriveKey, pinOf, type DerivedKey } from './derive-key.js';
import type { SecretEpoch } from './link-secret.js';
import { CONNECT_TIMEOUT_MS, MachineLink, type MachineEnd } from './machine-link.js';

/** What the connections of one epoch have in common. */
interface ClientEnd {
  epoch: number;
  secret: Buffer;
  issuer: Issuer;
  caPem: string;
  certificatePem: string;
  keyPem: string;
}

/** The answer came from a machine that is not the one meant. */
class LinkPinError extends Error {
  override readonly name = 'LinkPinError';
  readonly code = 'ERR_LINK_PIN';
}

export class MtlsLink extends MachineLink {
  override readonly scheme = 'https';

  /**
   * Derives the authorities and signs a client certificate for this process under each of them.
   * @param bootId names this process in the logs of machines
   * @param epochs newest first, at least one
   */
  static async create(pool: string, bootId: string, epochs: readonly SecretEpoch[]): Promise<MtlsLink> {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
    const ends: ClientEnd[] = [];
    for (const { epoch, secret } of epochs) {
      const issuer = { key: deriveKey(secret, `ca/${epoch}/${pool}`), commonName: `ollama-exoscale ${pool} ${epoch}` };
      ends.push({
        epoch,
        secret,
        issuer,
        caPem: await makeAuthority(issuer),
        certificatePem: await makeClientCertificate(issuer, publicKey, bootId),
        keyPem: pemOf(privateKey),
      });
    }
    const [newest] = ends;
    if (!newest) throw new RangeError('a link needs a secret');
    return new MtlsLink(pool, newest, ends);
  }

  override readonly epoch: number;
  override readonly epochs: readonly number[];
  override readonly digest: string;
  /** The name of all machines, so that a new address needs no new certificate; nginx wants it as Host as well (421). */
  override readonly host: string;

  private constructor(
    private readonly pool: string,
    private readonly newest: ClientEnd,
    private readonly ends: readonly ClientEnd[],
  ) {
    super();
    this.epoch = newest.epoch;
    this.epochs = ends.map((end) => end.epoch);
    this.digest = `mtls/${newest.epoch}/${pinOf(newest.issuer.key.publicKey)}`;
    this.host = `gpu.${pool}.link.internal`;
  }

  override async machineEnd(launchId: string): Promise<MachineEnd> {
    const { issuer, caPem } = this.newest;
    const key = this.serverKey(this.newest, launchId);
    const certificatePem = await makeServerCertificate(issuer, key.publicKey, this.host);
    return { kind: 'mtls', serverName: this.host, caPem, certificatePem, keyPem: pemOf(key.privateKey) };
  }

  override connectOptions(target: MachineTarget): buildConnector.BuildOptions {
    const end = this.ends.find((one) => one.epoch === target.linkEpoch);
    if (!end) throw new RangeError(`there are no link keys of epoch ${target.linkEpoch}`);
    const pin = pinOf(this.serverKey(end, target.launchId).publicKey);
    return {
      timeout: CONNECT_TIMEOUT_MS,
      keepAlive: true,
      keepAliveInitialDelay: 15_000,
      ca: [end.caPem],
      cert: end.certificatePem,
      key: end.keyPem,
      servername: this.host,
      minVersion: 'TLSv1.3',
      // A resumed session skips checkServerIdentity, and with it the pin (coordination-and-link.md §2.4).
      maxCachedSessions: 0,
      checkServerIdentity: (name: string, certificate: PeerCertificate) =>
        checkServerIdentity(name, certificate) ?? pinFault(certificate, pin),
    };
  }

  private serverKey(end: ClientEnd, launchId: string): DerivedKey {
    return deriveKey(end.secret, `server/${end.epoch}/${this.pool}/${launchId}`);
  }
}

/** The chain alone would let any machine of the pool stand in for any other. */
function pinFault(certificate: PeerCertificate, pin: string): Error | undefined {
  // Node's own `pubkey` is the bare point for P-256: only the SubjectPublicKeyInfo can be compared.
  const { publicKey } = new X509Certificate(certificate.raw);
  return pinOf(publicKey) === pin ? undefined : new LinkPinError('this is the key of another machine');
}

function pemOf(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }) as string;
}

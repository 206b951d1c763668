/**
 * The three kinds of certificates of the link. Validity is wide on purpose: a machine's clock may be wrong at boot, and
 * what ends a certificate is its epoch, not its date (coordination-and-link.md §2.3). Knows no secret and no label.
 */
import 'reflect-metadata';
import { randomBytes, webcrypto, type KeyObject } from 'node:crypto';
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509CertificateGenerator,
} from '@peculiar/x509';
import type { DerivedKey } from './derive-key.js';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const NOT_BEFORE = new Date('2020-01-01T00:00:00Z');
const NOT_AFTER = new Date('2049-12-31T23:59:59Z');

export interface Issuer {
  key: DerivedKey;
  commonName: string;
}

/** The certificate of an authority that may sign leaves and nothing else. */
export function makeAuthority(issuer: Issuer): Promise<string> {
  return sign(issuer, issuer.commonName, issuer.key.publicKey, [
    new BasicConstraintsExtension(true, 0, true),
    new KeyUsagesExtension(KeyUsageFlags.keyCertSign, true),
  ]);
}

/** A machine's certificate: good for serving under `dnsName`, for no address, and never for a client. */
export function makeServerCertificate(issuer: Issuer, publicKey: KeyObject, dnsName: string): Promise<string> {
  return sign(issuer, dnsName, publicKey, [
    ...leaf(ExtendedKeyUsage.serverAuth),
    new SubjectAlternativeNameExtension([{ type: 'dns', value: dnsName }]),
  ]);
}

/** A gateway process's certificate; its name shows in the machine's log. */
export function makeClientCertificate(issuer: Issuer, publicKey: KeyObject, commonName: string): Promise<string> {
  return sign(issuer, commonName, publicKey, leaf(ExtendedKeyUsage.clientAuth));
}

function leaf(usage: ExtendedKeyUsage): Extension[] {
  return [
    new BasicConstraintsExtension(false, undefined, true),
    new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
    new ExtendedKeyUsageExtension([usage], true),
  ];
}

async function sign(issuer: Issuer, commonName: string, subject: KeyObject, extensions: Extension[]): Promise<string> {
  const publicKey = await importKey('spki', subject, ['verify']);
  const certificate = await X509CertificateGenerator.create({
    // A positive number without leading zeros (RFC 5280 §4.1.2.2).
    serialNumber: `40${randomBytes(15).toString('hex')}`,
    issuer: `CN=${issuer.commonName}`,
    subject: `CN=${commonName}`,
    notBefore: NOT_BEFORE,
    notAfter: NOT_AFTER,
    signingAlgorithm: ALGORITHM,
    signingKey: await importKey('pkcs8', issuer.key.privateKey, ['sign']),
    publicKey,
    extensions: [...extensions, await SubjectKeyIdentifierExtension.create(publicKey)],
  });
  return `${certificate.toString('pem')}\n`;
}

function importKey(
  format: 'spki' | 'pkcs8',
  key: KeyObject,
  usages: webcrypto.KeyUsage[],
): Promise<webcrypto.CryptoKey> {
  const der = key.export({ type: format, format: 'der' }) as Buffer;
  return webcrypto.subtle.importKey(format, der, ALGORITHM, true, usages);
}

/**
 * P-256 keys derived from a secret and a name: every process that knows both gets the same key, and nothing has to be
 * shared or stored (coordination-and-link.md §2.3).
 */
import { createECDH, createHash, createPrivateKey, createPublicKey, hkdfSync, type KeyObject } from 'node:crypto';

export interface DerivedKey {
  privateKey: KeyObject;
  publicKey: KeyObject;
}

const SALT = 'ollama-gw/link/v1';
/** Order of the group of P-256 (SEC 2, §2.4.2). */
const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
/** 128 bits more than the order: the bias of the reduction is below 2^-128 (FIPS 186-5, A.2.1). */
const SEED_BYTES = 48;

/** @param info names the key; different names give keys that say nothing about each other (RFC 5869) */
export function deriveKey(secret: Buffer, info: string): DerivedKey {
  const seed = Buffer.from(hkdfSync('sha256', secret, SALT, info, SEED_BYTES)).toString('hex');
  const scalar = (BigInt(`0x${seed}`) % (ORDER - 1n)) + 1n;
  const d = Buffer.from(scalar.toString(16).padStart(64, '0'), 'hex');
  const ecdh = createECDH('prime256v1');
  ecdh.setPrivateKey(d);
  // Uncompressed point: 0x04, x, y (SEC 1, §2.3.3).
  const point = ecdh.getPublicKey();
  const [x, y] = [point.subarray(1, 33), point.subarray(33, 65)];
  const jwk = { kty: 'EC', crv: 'P-256', x: base64url(x), y: base64url(y) };
  return {
    privateKey: createPrivateKey({ key: { ...jwk, d: base64url(d) }, format: 'jwk' }),
    publicKey: createPublicKey({ key: jwk, format: 'jwk' }),
  };
}

/** SHA-256 of the SubjectPublicKeyInfo in base64: what is pinned, since certificates differ from signing to signing. */
export function pinOf(publicKey: KeyObject): string {
  return createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('base64');
}

function base64url(bytes: Buffer): string {
  return bytes.toString('base64url');
}

/** Keys that every replica must arrive at by itself, today and after an upgrade. */
import { webcrypto } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { deriveKey, pinOf } from './derive-key.js';

const SECRET = Buffer.from('a secret of thirty-two bytes !!!');

describe('a derived key', () => {
  it('is the same for ever: machines that run now were made with it', () => {
    expect(pinOf(deriveKey(SECRET, 'server/1/default/launch-1').publicKey)).toBe(
      '5r80ONHTNnA0WgIreuw7nyHRg43jyOVpE9srOSNXfXo=',
    );
  });

  it('is what HKDF (RFC 5869) gives by the other implementation in Node, reduced to the order of P-256', async () => {
    const info = 'ca/2/default';
    const hkdf = { name: 'HKDF', hash: 'SHA-256', salt: Buffer.from('ollama-gw/link/v1'), info: Buffer.from(info) };
    const key = await webcrypto.subtle.importKey('raw', SECRET, 'HKDF', false, ['deriveBits']);
    const bits = Buffer.from(await webcrypto.subtle.deriveBits(hkdf, key, 384)).toString('hex');
    const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
    const { d } = deriveKey(SECRET, info).privateKey.export({ format: 'jwk' });
    expect(BigInt(`0x${Buffer.from(d ?? '', 'base64url').toString('hex')}`)).toBe(
      (BigInt(`0x${bits}`) % (order - 1n)) + 1n,
    );
  });

  it('belongs to its public half, whatever the secret and the name', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 64 }), fc.string(), (secret, info) => {
        const { privateKey, publicKey } = deriveKey(Buffer.from(secret), info);
        const [ours, theirs] = [privateKey.export({ format: 'jwk' }), publicKey.export({ format: 'jwk' })];
        return ours.x === theirs.x && ours.y === theirs.y;
      }),
      { numRuns: 50 },
    );
  });

  it.each([
    ['another secret', Buffer.from('another secret of 32 bytes !!!!!'), 'server/1/default/launch-1'],
    ['another epoch', SECRET, 'server/2/default/launch-1'],
    ['another pool', SECRET, 'server/1/other/launch-1'],
    ['another launch', SECRET, 'server/1/default/launch-2'],
    ['another purpose', SECRET, 'ca/1/default/launch-1'],
  ])('is another one for %s', (_what, secret, info) => {
    const key = deriveKey(SECRET, 'server/1/default/launch-1');
    expect(pinOf(deriveKey(secret, info).publicKey)).not.toBe(pinOf(key.publicKey));
  });
});

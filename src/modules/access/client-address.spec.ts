import type { IncomingMessage } from 'node:http';
import { describe, expect, it } from '@jest/globals';
import { ClientAddresses } from './client-address.js';

const seen = (remoteAddress: string | undefined, forwardedFor?: string) =>
  ({ socket: { remoteAddress }, headers: { 'x-forwarded-for': forwardedFor } }) as unknown as IncomingMessage;

describe('the address of a client', () => {
  it.each([
    ['203.0.113.7', '203.0.113.7'],
    ['::ffff:203.0.113.7', '203.0.113.7'],
    ['2001:db8::1', '2001:db8::1'],
    [undefined, null],
  ])('of a connection from %s is %s', (remote, client) => {
    expect(new ClientAddresses([]).of(seen(remote))).toBe(client);
  });

  it('is not what a client says when no proxy is trusted', () => {
    expect(new ClientAddresses([]).of(seen('203.0.113.7', '10.0.0.1'))).toBe('203.0.113.7');
  });

  const behind = new ClientAddresses(['10.0.0.0/8', '192.0.2.1/32', 'fd00::/8']);

  it.each([
    ['a proxy of ours', '10.0.0.1', '203.0.113.7', '203.0.113.7'],
    ['a proxy of ours over IPv6', '::ffff:10.0.0.1', '203.0.113.7', '203.0.113.7'],
    ['a proxy of ours with an IPv6 address', 'fd00::5', '2001:db8::1', '2001:db8::1'],
    ['a chain of ours', '10.0.0.1', '203.0.113.7, 192.0.2.1,10.9.9.9', '203.0.113.7'],
    ['a chain of ours, with a client that invents hops', '10.0.0.1', '1.1.1.1, 203.0.113.7, 10.9.9.9', '203.0.113.7'],
    ['mapped addresses in the header', '10.0.0.1', '::ffff:203.0.113.7, ::ffff:10.9.9.9', '203.0.113.7'],
    ['somebody else who sends the header', '203.0.113.9', '10.0.0.5', '203.0.113.9'],
    ['a proxy that says nothing', '10.0.0.1', undefined, '10.0.0.1'],
    ['a proxy that says nothing usable', '10.0.0.1', '', '10.0.0.1'],
    ['garbage beside the proxy', '10.0.0.1', '203.0.113.7, unknown', '10.0.0.1'],
    ['garbage behind a proxy', '10.0.0.1', 'evil, 10.9.9.9', '10.9.9.9'],
    ['an empty hop', '10.0.0.1', '203.0.113.7,,10.9.9.9', '10.9.9.9'],
    ['an address with a zone', '10.0.0.1', 'fe80::1%eth0', '10.0.0.1'],
    ['an address with a port', '10.0.0.1', '203.0.113.7:1234', '10.0.0.1'],
    ['nothing but ours', '10.0.0.1', '10.0.0.3, 10.0.0.2', '10.0.0.3'],
  ])('behind %s (%s, X-Forwarded-For: %s) is %s', (_what, remote, forwardedFor, client) => {
    expect(behind.of(seen(remote, forwardedFor))).toBe(client);
  });
});

import { describe, expect, it } from '@jest/globals';
import { canBind, freePort, LoopbackAddresses } from './loopback.js';

describe('loopback addresses for machines', () => {
  it('are all different, valid and never the one of the gateway', () => {
    const addresses = new LoopbackAddresses(42);
    const some = Array.from({ length: 600 }, () => addresses.allocate());
    expect(new Set(some).size).toBe(600);
    expect(some.every((one) => /^127\.42\.\d{1,3}\.\d{1,3}$/.test(one) && !/\.(0|255)$/.test(one))).toBe(true);
  });

  it('are used only where the system can bind them', async () => {
    expect(await canBind('127.0.0.1')).toBe(true);
    // TEST-NET-1 of RFC 5737: no machine has it.
    expect(await canBind('192.0.2.1')).toBe(false);
  });

  it('come with a port that is free', async () => {
    expect(await freePort()).toBeGreaterThan(0);
  });
});

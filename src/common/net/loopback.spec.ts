import { describe, expect, it } from '@jest/globals';
import { isLoopback } from './loopback.js';

describe('a host', () => {
  it.each([
    ['127.0.0.1', true],
    ['127.9.9.9', true],
    ['::1', true],
    ['::ffff:127.0.0.1', true],
    ['[::1]', true],
    ['localhost', true],
    ['LocalHost', true],
    ['0.0.0.0', false],
    ['::', false],
    ['10.0.0.1', false],
    ['127.0.0.1.example', false],
    ['fe80::1%eth0', false],
    ['gateway.local', false],
    ['[gateway.local]', false],
    ['', false],
  ])('%s is this computer and nothing else: %s', (host, expected) => {
    expect(isLoopback(host)).toBe(expected);
  });
});

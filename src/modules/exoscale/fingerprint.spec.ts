import { describe, expect, it } from '@jest/globals';
import type { ExoscaleSettings } from './exoscale-settings.js';
import { fingerprintOf } from './fingerprint.js';

const SETTINGS = {
  template: 'Linux Ubuntu 24.04 LTS 64-bit',
  instanceType: 'a5000.small',
  diskSizeGib: 50,
  link: { port: 11434, cidrs: ['203.0.113.7/32', '198.51.100.0/24'] },
  pool: 'default',
  image: 'ollama/ollama:0.32.15',
  ollamaEnv: { OLLAMA_NUM_PARALLEL: '4', OLLAMA_KV_CACHE_TYPE: 'q8_0' },
  idleTimeoutSec: 1800,
} as unknown as ExoscaleSettings;

describe('the fingerprint of a machine', () => {
  const before = fingerprintOf(SETTINGS, 'plain', '1');

  it('is a short label value that begins with a letter', () => {
    expect(before).toMatch(/^f[0-9a-f]{15}$/);
  });

  it.each([
    ['the template', { template: 'ollama-baked' }],
    ['the type', { instanceType: 'a5000.medium' }],
    ['the disk', { diskSizeGib: 100 }],
    ['the link port', { link: { ...SETTINGS.link, port: 8443 } }],
    ['the image of Ollama', { image: 'ollama/ollama:0.33.0' }],
    ['what is passed to Ollama', { ollamaEnv: { ...SETTINGS.ollamaEnv, OLLAMA_NUM_PARALLEL: '8' } }],
    ['the networks', { link: { ...SETTINGS.link, cidrs: ['203.0.113.7/32'] } }],
  ] as [string, Partial<ExoscaleSettings>][])('changes with %s', (_what, change) => {
    expect(fingerprintOf({ ...SETTINGS, ...change }, 'plain', '1')).not.toBe(before);
  });

  it('changes with the keys of the link', () => {
    expect(fingerprintOf(SETTINGS, 'mtls/1/key', '1')).not.toBe(before);
  });

  it('changes with the version of the bootstrap', () => {
    expect(fingerprintOf(SETTINGS, 'plain', '2')).not.toBe(before);
  });

  it.each([
    ['the order of the networks', { link: { ...SETTINGS.link, cidrs: [...SETTINGS.link.cidrs].reverse() } }],
    [
      'the order of what is passed to Ollama',
      { ollamaEnv: { OLLAMA_KV_CACHE_TYPE: 'q8_0', OLLAMA_NUM_PARALLEL: '4' } },
    ],
    ['the idle timeout', { idleTimeoutSec: 60 }],
    ['the pool', { pool: 'other' }],
  ] as [string, Partial<ExoscaleSettings>][])('does not change with %s', (_what, change) => {
    expect(fingerprintOf({ ...SETTINGS, ...change }, 'plain', '1')).toBe(before);
  });
});

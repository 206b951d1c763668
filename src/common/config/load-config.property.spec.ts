/** Arbitrary values in the environment: the start never crashes, and each fault can be traced to its variable. */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { CONFIG_CLASSES } from './classes.js';
import { loadConfig } from './load-config.js';
import { UNBUILT } from './rules.js';
import { settingsOf } from './setting.js';

const settings = CONFIG_CLASSES.flatMap((type) => settingsOf(type));
const names = [
  ...settings.flatMap(({ env, secret }) => (secret ? [env, `${env}_FILE`] : [env])),
  ...Object.keys(UNBUILT),
  'GATEWAY_NO_SUCH_THING',
  'OLLAMA_HOST',
];

/** What people and tools put into variables: numbers, units, JSON, paths, prototype names, any bytes but NUL. */
const garbage = fc.oneof(
  fc.string({ unit: 'binary' }).map((text) => text.replaceAll('\0', '')),
  fc.double().map(String),
  fc.bigInt().map(String),
  fc.json(),
  fc.constantFrom('', ' ', ',', '{zone}', 'constructor', '__proto__', 'true', 'mtls', 'plain', '0.0.0.0/0', '\n', '/'),
);
const environments = fc.dictionary(fc.constantFrom(...names), garbage, { noNullPrototype: true });

/** Mostly good, so that many of them start. */
const startable = fc
  .dictionary(fc.constantFrom(...names), fc.oneof(fc.nat().map(String), garbage), { maxKeys: 2 })
  .map((env): Record<string, string> => ({
    EXOSCALE_API_KEY: 'EXO0123456789abcdef',
    EXOSCALE_API_SECRET: 'not-a-real-secret',
    GATEWAY_LINK: 'plain',
    GATEWAY_ALLOW_PLAIN_LINK: 'true',
    GATEWAY_LINK_CIDRS: '203.0.113.7/32',
    ...env,
  }));

describe('any environment', () => {
  it('is read without an exception, and faults are one line per variable that begins with its name', () => {
    fc.assert(
      fc.property(environments, (env) => {
        const { faults } = loadConfig(env);
        const blamed = faults.map((fault) => fault.slice(0, fault.indexOf(' ')));
        expect(blamed).toEqual([...new Set(blamed)]);
        expect(blamed.filter((name) => !names.includes(name))).toEqual([]);
        expect(faults.filter((fault) => /[\r\n]/.test(fault))).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  it('that may start has usable numbers', () => {
    fc.assert(
      fc.property(startable, (env) => {
        const { config, faults } = loadConfig(env);
        if (faults.length > 0) return;
        const values = [
          config.listener.port,
          config.cloud.diskSizeGib,
          ...Object.values<unknown>({ ...config.lifecycle }),
        ];
        const numbers = values.filter((one) => typeof one === 'number');
        expect(numbers.filter((one) => !(one >= 0 && one <= 31_536_000))).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });
});

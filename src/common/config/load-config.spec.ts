/** What a person sees who starts the gateway with a good, a wrong or a dangerous environment. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { CONFIG_CLASSES } from './classes.js';
import type { Environment } from './gateway-config.js';
import { loadConfig } from './load-config.js';
import { UNBUILT } from './rules.js';
import { settingsOf } from './setting.js';

/** The least that starts. */
const GOOD: Environment = {
  EXOSCALE_API_KEY: 'EXO0123456789abcdef',
  EXOSCALE_API_SECRET: 'not-a-real-secret',
  GATEWAY_LINK: 'plain',
  GATEWAY_ALLOW_PLAIN_LINK: 'true',
  GATEWAY_LINK_CIDRS: '203.0.113.7/32',
};

const faultsOf = (env: Environment): string[] => loadConfig({ ...GOOD, ...env }).faults;

describe('a good environment', () => {
  it('starts without a fault or a warning and fills in the defaults', () => {
    const { config, faults, warnings } = loadConfig(GOOD);
    expect({ faults, warnings }).toEqual({ faults: [], warnings: [] });
    expect(config).toMatchObject({
      cloud: { zone: 'at-vie-2', instanceType: 'a5000.small', diskSizeGib: 50, adoptName: null },
      model: { models: ['granite3.1-dense:8b'], numParallel: null },
      listener: { host: '0.0.0.0', port: 11434 },
      pool: { pool: 'default', owner: null },
      state: { dir: './data' },
      link: { link: 'plain', port: 11434, cidrs: ['203.0.113.7/32'], allowPlain: true },
      lifecycle: {
        idleTimeoutSec: 1800,
        idleAction: 'stop',
        destroyAfterSec: 604_800,
        holdResumeSec: 45,
        timeScale: 1,
      },
      log: { level: 'info' },
    });
  });

  it('takes an empty variable for one that is not set, as compose files and CI produce them', () => {
    const empty = Object.fromEntries(
      CONFIG_CLASSES.flatMap((type) => settingsOf(type))
        .filter(({ env }) => !(env in GOOD))
        .map(({ env }) => [env, '']),
    );
    expect(loadConfig({ ...GOOD, ...empty })).toEqual(loadConfig(GOOD));
  });

  it.each([
    {
      name: 'OLLAMA_MODEL',
      value: ' llama3.2:3b , nomic-embed-text,',
      at: 'model.models',
      is: ['llama3.2:3b', 'nomic-embed-text'],
    },
    { name: 'OLLAMA_LOAD_TIMEOUT', value: '10m', at: 'model.loadTimeout', is: '10m' },
    { name: 'EXOSCALE_DISK_SIZE', value: ' 100 ', at: 'cloud.diskSizeGib', is: 100 },
    { name: 'GATEWAY_LINK_PORT', value: '12000', at: 'link.port', is: 12_000 },
    {
      name: 'GATEWAY_LINK_CIDRS',
      value: '10.0.0.0/8, 2001:db8::/32',
      at: 'link.cidrs',
      is: ['10.0.0.0/8', '2001:db8::/32'],
    },
    { name: 'GATEWAY_ALLOW_PLAIN_LINK', value: 'TRUE', at: 'link.allowPlain', is: true },
    { name: 'GATEWAY_DESTROY_AFTER', value: '0', at: 'lifecycle.destroyAfterSec', is: 0 },
    { name: 'EXOSCALE_IDLE_TIMEOUT', value: '2592000', at: 'lifecycle.idleTimeoutSec', is: 2_592_000 },
  ])('reads $name=$value', ({ name, value, at, is }) => {
    const { config, faults } = loadConfig({ ...GOOD, [name]: value });
    expect(faults).toEqual([]);
    expect(config).toHaveProperty(at, is);
  });
});

describe('a malformed value', () => {
  it.each([
    ['EXOSCALE_API_KEY', 'two words'],
    ['EXOSCALE_API_SECRET', 'line\nbreak'],
    ['EXOSCALE_ZONE', 'vienna'],
    ['EXOSCALE_INSTANCE_TYPE', 'a5000'],
    ['EXOSCALE_DISK_SIZE', '9'],
    ['EXOSCALE_DISK_SIZE', '50 GB'],
    ['EXOSCALE_API_ENDPOINT', 'api.example.org'],
    ['EXOSCALE_API_ENDPOINT', 'ftp://example.org/v2'],
    ['EXOSCALE_IDLE_TIMEOUT', '0'],
    ['EXOSCALE_IDLE_TIMEOUT', '30m'],
    ['EXOSCALE_IDLE_TIMEOUT', '1.5'],
    // Dates end at 8.64e15 ms: this one made every `GET /status` of a ready machine fail.
    ['EXOSCALE_IDLE_TIMEOUT', '9000000000000'],
    ['OLLAMA_MODEL', ','],
    ['OLLAMA_MODEL', 'granite 3.1'],
    ['OLLAMA_IMAGE', '$(reboot)'],
    ['OLLAMA_NUM_PARALLEL', 'four'],
    ['OLLAMA_CONTEXT_LENGTH', '-1'],
    ['OLLAMA_MAX_LOADED_MODELS', '1.5'],
    ['OLLAMA_MAX_QUEUE', 'x'],
    ['OLLAMA_FLASH_ATTENTION', 'yes'],
    ['OLLAMA_KV_CACHE_TYPE', 'q8 0'],
    ['OLLAMA_LOAD_TIMEOUT', '5 minutes'],
    ['PORT', '65536'],
    ['PORT', 'http'],
    ['GATEWAY_POOL', 'Default'],
    ['GATEWAY_POOL', 'a'.repeat(33)],
    ['GATEWAY_OWNER', 'short'],
    ['GATEWAY_ADOPT_OWNER', 'no spaces please'],
    ['GATEWAY_LINK', 'http'],
    ['GATEWAY_LINK_PORT', '0'],
    ['GATEWAY_LINK_CIDRS', '203.0.113.7'],
    ['GATEWAY_LINK_CIDRS', '203.0.113.7/33'],
    ['GATEWAY_LINK_CIDRS', '203.0.113.7/032'],
    ['GATEWAY_LINK_CIDRS', 'fe80::1%eth0/64'],
    ['GATEWAY_LINK_CIDRS', '10.0.0.0/8,anywhere'],
    ['GATEWAY_ALLOW_PLAIN_LINK', 'maybe'],
    ['GATEWAY_IDLE_ACTION', 'delete'],
    ['GATEWAY_DESTROY_AFTER', '-1'],
    ['GATEWAY_UNCLAIMED_SECONDS', '0'],
    ['GATEWAY_MAX_STARTS_PER_HOUR', 'many'],
    ['GATEWAY_HOLD_RESUME_SECONDS', '45s'],
    ['GATEWAY_HOLD_CREATE_SECONDS', '1e3'],
    ['GATEWAY_HOLD_MAX_SECONDS', '-0.5'],
    ['GATEWAY_DRAIN_SECONDS', 'NaN'],
    ['GATEWAY_SHUTDOWN_DELAY_SECONDS', 'Infinity'],
    ['GATEWAY_TIME_SCALE', '0'],
    ['GATEWAY_TIME_SCALE', 'fast'],
    ['GATEWAY_LOG_LEVEL', 'verbose'],
  ])('of %s (%j) is one line that begins with that name', (name, value) => {
    const faults = faultsOf({ [name]: value });
    expect(faults).toHaveLength(1);
    expect(faults[0]).toMatch(new RegExp(`^${name} \\S.*$`));
  });

  it('is shown, so that nobody has to guess which file it came from', () => {
    expect(faultsOf({ PORT: 'http' })).toEqual(['PORT must be a whole number from 0 to 65535 (port) (got "http")']);
  });

  it('hides no other one: each has its line', () => {
    expect(faultsOf({ PORT: 'x', EXOSCALE_ZONE: 'y', EXOSCALE_API_KEY: '' })).toEqual([
      expect.stringMatching(/^EXOSCALE_API_KEY is required/),
      expect.stringMatching(/^EXOSCALE_ZONE must be/),
      expect.stringMatching(/^PORT must be/),
    ]);
  });
});

describe('a secret', () => {
  let folder: string;
  beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'secret-'))));
  afterEach(() => rmSync(folder, { recursive: true }));

  function fileWith(content: string): string {
    const path = join(folder, 'secret');
    writeFileSync(path, content);
    return path;
  }

  it('may come from the file that *_FILE names, with the line break that editors add', () => {
    const { config, faults } = loadConfig({
      ...GOOD,
      EXOSCALE_API_SECRET: '',
      EXOSCALE_API_SECRET_FILE: fileWith('from-a-file\n'),
    });
    expect(faults).toEqual([]);
    expect(config.cloud.apiSecret).toBe('from-a-file');
  });

  it.each([
    {
      fault: 'set twice',
      env: { EXOSCALE_API_KEY_FILE: '/dev/null' },
      line: /^EXOSCALE_API_KEY is set twice: remove either/,
    },
    {
      fault: 'in a file that is not there',
      env: { EXOSCALE_API_KEY: '', EXOSCALE_API_KEY_FILE: '/nowhere/key' },
      line: /^EXOSCALE_API_KEY cannot be read from EXOSCALE_API_KEY_FILE \(ENOENT\)$/,
    },
    {
      fault: 'in a file that is a folder',
      env: { EXOSCALE_API_KEY: '', EXOSCALE_API_KEY_FILE: tmpdir() },
      line: /^EXOSCALE_API_KEY cannot be read from EXOSCALE_API_KEY_FILE \(EISDIR\)$/,
    },
    {
      fault: 'in an empty file',
      env: { EXOSCALE_API_KEY: '', EXOSCALE_API_KEY_FILE: '/dev/null' },
      line: /^EXOSCALE_API_KEY is required/,
    },
    { fault: 'missing', env: { EXOSCALE_API_KEY: undefined }, line: /^EXOSCALE_API_KEY is required/ },
  ])('$fault is one line', ({ env, line }) => {
    expect(faultsOf(env)).toEqual([expect.stringMatching(line)]);
  });

  it('is never part of a message, whatever is wrong with it', () => {
    const secret = 'hunter2 with a blank';
    const envs: Environment[] = [
      { EXOSCALE_API_KEY: secret, EXOSCALE_API_SECRET: secret },
      { EXOSCALE_API_SECRET: secret, EXOSCALE_API_SECRET_FILE: fileWith(secret) },
      { EXOSCALE_API_SECRET: '', EXOSCALE_API_SECRET_FILE: fileWith(secret) },
      { GATEWAY_ADMIN_TOKEN: secret, DATABASE_URL: `postgres://gateway:${secret}@db/gateway` },
    ];
    for (const env of envs) {
      const faults = faultsOf(env);
      expect(faults).not.toEqual([]);
      expect(faults.join('\n')).not.toContain('hunter2');
    }
  });
});

describe('the plain link', () => {
  it('is no default: without GATEWAY_LINK the link is mtls on port 8443', () => {
    const { config, faults } = loadConfig({ ...GOOD, GATEWAY_LINK: undefined, GATEWAY_ALLOW_PLAIN_LINK: undefined });
    expect(faults).toEqual([]);
    expect([config.link.link, config.link.port, config.link.cidrs.length]).toEqual(['mtls', 8443, 1]);
  });

  it('needs a second word', () => {
    expect(faultsOf({ GATEWAY_ALLOW_PLAIN_LINK: undefined })).toEqual([
      expect.stringMatching(/^GATEWAY_ALLOW_PLAIN_LINK must be true/),
    ]);
  });

  // " , " passed once, and made machines that nobody could reach.
  it.each([undefined, '', '  ', ' , '])('needs networks; %j names none', (value) => {
    expect(faultsOf({ GATEWAY_LINK_CIDRS: value })).toEqual([expect.stringMatching(/^GATEWAY_LINK_CIDRS is required/)]);
  });
});

describe('the secret of the link', () => {
  const secret = Buffer.alloc(32, 7).toString('base64');

  it.each([secret, `1:${secret}`, `2:${secret},1:${secret}`, ` 12:${secret} , 3:${secret} `])('may be %s', (value) => {
    expect(faultsOf({ GATEWAY_LINK_SECRET: value })).toEqual([]);
  });

  it.each([
    Buffer.alloc(31).toString('base64'),
    'a sentence that is long enough but is not base64 at all',
    `${secret},${secret}`,
    `1:${secret},1:${secret}`,
    `0:${secret}`,
    `one:${secret}`,
    `2:${secret},1:`,
  ])('may not be %s', (value) => {
    const faults = faultsOf({ GATEWAY_LINK_SECRET: value });
    expect(faults).toEqual([expect.stringMatching(/^GATEWAY_LINK_SECRET must be 32 or more random bytes/)]);
    expect(faults.join()).not.toContain(secret);
  });
});

describe('rules between variables', () => {
  it('a machine made by hand has no keys: it is adopted over a plain link only', () => {
    expect(faultsOf({ EXOSCALE_ADOPT_NAME: 'old', GATEWAY_LINK: 'mtls' })).toEqual([
      expect.stringMatching(/^EXOSCALE_ADOPT_NAME needs GATEWAY_LINK=plain/),
    ]);
    expect(faultsOf({ EXOSCALE_ADOPT_NAME: 'old' })).toEqual([]);
  });

  it('both listeners cannot have one port', () => {
    expect(faultsOf({ PORT: '11435' })).toEqual([expect.stringMatching(/^GATEWAY_ADMIN_PORT must not be the PORT/)]);
  });
});

describe('the time scale', () => {
  it.each([undefined, 'https://api-at-vie-2.exoscale.com/v2', 'https://API.Exoscale.com./v2'])(
    'is refused where machines cost money: %s',
    (endpoint) => {
      expect(faultsOf({ GATEWAY_TIME_SCALE: '20', EXOSCALE_API_ENDPOINT: endpoint })).toEqual([
        expect.stringMatching(/^GATEWAY_TIME_SCALE .* refused against exoscale\.com$/),
      ]);
    },
  );

  it.each(['http://127.0.0.1:8999/v2', 'https://exoscale.com.example.org/v2'])(
    'is allowed elsewhere: %s',
    (endpoint) => {
      expect(faultsOf({ GATEWAY_TIME_SCALE: '20', EXOSCALE_API_ENDPOINT: endpoint })).toEqual([]);
    },
  );
});

describe('names', () => {
  it('of ours that do not exist stop the start: a typing error there costs money', () => {
    expect(faultsOf({ GATEWAY_IDLE_ACTOIN: 'destroy', GATEWAY_POOL_FILE: '/x' })).toEqual([
      'GATEWAY_IDLE_ACTOIN is not a setting of this gateway: see docs/configuration.md',
      'GATEWAY_POOL_FILE is not a setting of this gateway: see docs/configuration.md',
    ]);
  });

  it.each(Object.keys(UNBUILT))('of a later release are known and say so: %s', (name) => {
    expect(faultsOf({ [name]: 'something' })).toEqual([
      expect.stringMatching(new RegExp(`^${name} is not built yet in this release \\(.+\\): remove it$`)),
    ]);
  });

  it('of a later release may be there without a value', () => {
    expect(faultsOf({ DATABASE_URL: '' })).toEqual([]);
  });

  it('of Ollama that are not passed on are ignored, aloud', () => {
    const { faults, warnings } = loadConfig({ ...GOOD, OLLAMA_HOST: 'gpu.example.org', OLLAMA_NUM_PARALLEL: '4' });
    expect(faults).toEqual([]);
    expect(warnings).toEqual([expect.stringMatching(/^OLLAMA_HOST is ignored/)]);
  });

  it('of others are nobody’s business', () => {
    expect(loadConfig({ ...GOOD, PATH: '/bin', constructor: 'x', EXOSCALE_ORGANIZATION: 'x' }).warnings).toEqual([]);
  });
});

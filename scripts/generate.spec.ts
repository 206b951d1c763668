/** The generated files: what they promise holds, and `--check` finds the one that does not. Needs a build, as `npm test` makes. */
import { spawnSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { CONFIG_CLASSES } from '../src/common/config/classes.js';
import { loadConfig } from '../src/common/config/load-config.js';
import { settingsOf } from '../src/common/config/setting.js';
import { ERROR_CATALOGUE } from '../src/common/errors/catalogue.js';
import { METRICS } from '../src/modules/observability/metric-table.js';

let folder: string;

function generate(...args: string[]) {
  const script = join(import.meta.dirname, 'generate.mjs');
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, ...args, folder], { encoding: 'utf8' });
  return { status, stdout, stderr };
}

const read = (name: string): string => readFileSync(join(folder, name), 'utf8');

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'generated-'));
  expect(generate()).toMatchObject({ status: 0, stderr: '' });
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('docs/configuration.md', () => {
  it.each(CONFIG_CLASSES.flatMap((type) => settingsOf(type)).map(({ env, what }) => ({ env, what })))(
    'has a row for $env',
    ({ env, what }) => {
      const rows = read('docs/configuration.md')
        .split('\n')
        .filter((line) => line.startsWith(`| \`${env}\``));
      expect(rows).toEqual([expect.stringContaining(what)]);
    },
  );
});

describe('docs/errors.md', () => {
  it('has one row per code and no other', () => {
    const codes = [...read('docs/errors.md').matchAll(/^\| `([a-z_]+)` \|/gm)].map(([, code]) => code);
    expect(codes).toEqual(Object.keys(ERROR_CATALOGUE));
  });
});

describe('docs/metrics.md', () => {
  const rows = (): string[] =>
    read('docs/metrics.md')
      .split('\n')
      .filter((line) => line.startsWith('| `ollama_gateway_'));

  it('has one row per metric, and one per label of it', () => {
    const labels = Object.values(METRICS).flatMap((metric) => Object.keys(metric.labels));
    expect(rows()).toHaveLength(Object.keys(METRICS).length + labels.length);
  });

  it.each(Object.values(METRICS))('says what $name is', ({ name, help }) => {
    expect(rows()).toContainEqual(
      expect.stringMatching(new RegExp(`^\\| \`${name}\` .*${help.replaceAll('.', '\\.')} \\|$`)),
    );
  });
});

describe('.env.example', () => {
  const FILLED: Record<string, string> = {
    EXOSCALE_API_KEY: 'EXO0123456789abcdef',
    EXOSCALE_API_SECRET: 'not-a-real-secret',
  };

  /** Lines as env files have them. */
  const assignments = (text: string): Record<string, string> =>
    Object.fromEntries([...text.matchAll(/^([A-Z_]+)=(.*)$/gm)].map(([, name = '', value = '']) => [name, value]));

  it('leaves open what must be filled in, and nothing else', () => {
    expect(Object.keys(assignments(read('.env.example')))).toEqual(expect.arrayContaining(Object.keys(FILLED)));
    expect(Object.keys(assignments(read('.env.example')))).toHaveLength(Object.keys(FILLED).length);
  });

  it('starts the gateway once that is filled in, also with every default taken out of its comment', () => {
    const commented = assignments(read('.env.example').replaceAll(/^# ([A-Z_]+=)/gm, '$1'));
    const { config, faults } = loadConfig({ ...commented, ...FILLED });
    expect(faults).toEqual([]);
    expect(config).toEqual(loadConfig(FILLED).config);
  });
});

describe('--check', () => {
  it('is content with what was generated', () => {
    expect(generate('--check')).toEqual({ status: 0, stdout: '', stderr: '' });
  });

  it.each(['docs/configuration.md', 'docs/errors.md', 'docs/metrics.md', '.env.example'])(
    'names %s when it is stale',
    (name) => {
      const fresh = read(name);
      appendFileSync(join(folder, name), 'edited by hand\n');
      const stale = `${name} is stale: run \`npm run generate\` and commit what it writes\n`;
      expect(generate('--check')).toEqual({ status: 1, stdout: '', stderr: stale });
      expect(read(name)).toContain('edited by hand');
      writeFileSync(join(folder, name), fresh);
    },
  );

  it('names one that is missing', () => {
    rmSync(join(folder, '.env.example'));
    expect(generate('--check')).toMatchObject({ status: 1, stderr: expect.stringMatching(/^\.env\.example is stale/) });
    expect(generate()).toMatchObject({ status: 0, stdout: '.env.example written\n' });
  });
});

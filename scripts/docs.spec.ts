/** What the hand-written documents say about names, links, commands and limits, held against the repository. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { CONFIG_CLASSES } from '../src/common/config/classes.js';
import { UNBUILT } from '../src/common/config/rules.js';
import { settingsOf } from '../src/common/config/setting.js';
import { ERROR_CATALOGUE } from '../src/common/errors/catalogue.js';
import { GatewayError } from '../src/modules/proxy/gateway-error.js';

const ROOT = join(import.meta.dirname, '..');
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const words = (text: string): number => text.split(/\s+/).filter(Boolean).length;

const ADRS = readdirSync(join(ROOT, 'docs/adr')).filter((name) => /^\d{4}-/.test(name));
const PAGES = [
  'README.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  ...readdirSync(join(ROOT, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
  ...readdirSync(join(ROOT, 'docs/adr')).map((name) => `docs/adr/${name}`),
];

/** GitHub's anchor of a heading. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');
}

describe.each(PAGES)('%s', (page) => {
  const text = read(page);

  it('links only to files and headings that exist', () => {
    const targets = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target);
    const broken = targets.filter((target) => {
      if (/^https?:/.test(target)) return false;
      const [path = '', anchor] = target.split('#');
      const file = path === '' ? page : join(dirname(page), path);
      if (!existsSync(join(ROOT, file))) return true;
      const headings = [...read(file).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => anchorOf(heading));
      return anchor !== undefined && !headings.includes(anchor);
    });
    expect(broken).toEqual([]);
  });

  it('names only npm scripts that exist', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const named = [...text.matchAll(/npm run ([a-z0-9:-]+)/g)].map(([, name = '']) => name);
    expect(named.filter((name) => !(name in scripts))).toEqual([]);
  });

  it('names only settings that exist', () => {
    const settings = CONFIG_CLASSES.flatMap((type) => settingsOf(type));
    // Of the examples, of the machine, of the simulator, and of Ollama's own clients.
    const others = ['OLLAMA_URL', 'OLLAMA_NO_CLOUD', 'SANDBOX_OLLAMA_URL', 'OLLAMA_HOST', 'OLLAMA_API_KEY'];
    const known = new Set([
      ...settings.flatMap(({ env, secret }) => (secret ? [env, `${env}_FILE`] : [env])),
      ...Object.keys(UNBUILT),
      ...others,
    ]);
    // Not what ends in `*`: that is a family of names.
    const named = [...text.matchAll(/\b(?:GATEWAY|EXOSCALE|OLLAMA)_[A-Z_]*[A-Z](?![A-Z_*])/g)].map(([name]) => name);
    expect(named.filter((name) => !known.has(name))).toEqual([]);
  });
});

describe('README.md', () => {
  const readme = read('README.md');

  it('is read in three minutes: 600 words at most', () => {
    expect(words(readme)).toBeLessThanOrEqual(600);
  });

  it('shows the cold answer that the sandbox gives', () => {
    const { message } = ERROR_CATALOGUE.provisioning;
    const cold = { code: 'provisioning', message, status: 'provisioning', phase: 'creating' } as const;
    const answer = GatewayError.cold({ ...cold, progress: null, etaSec: 21, retryAfterSec: 21 });
    expect(readme).toContain(answer.body('/api/generate'));
  });
});

describe('docs/iam-policy.json', () => {
  it('names the operations that the gateway calls, and no other', () => {
    const client = read('src/modules/exoscale/api/exoscale-client.ts');
    const verbs = 'list|get|create|start|stop|delete|update|add';
    const operations = new RegExp(`['\`]((?:${verbs})-[a-z-]+)['\`]`, 'g');
    const used = new Set([...client.matchAll(operations)].map(([, name]) => name));
    // Zones are asked for without a signature; the others are calls of the live probe.
    for (const name of ['list-zones', 'list-quotas', 'list-events', 'delete-security-group']) used.delete(name);
    const named = new Set([...read('docs/iam-policy.json').matchAll(operations)].map(([, name]) => name));
    expect([...named].sort()).toEqual([...used].sort());
  });
});

describe('docs/operations.md', () => {
  const shooting = read('docs/operations.md').split('## Troubleshooting')[1] ?? '';

  it.each(Object.keys(ERROR_CATALOGUE).filter((code) => code !== 'provisioning'))('has a row for %s', (code) => {
    const rows = shooting.split('\n').filter((line) => (line.split('|')[1] ?? '').includes(`\`${code}\``));
    expect(rows).toHaveLength(1);
  });
});

describe('decisions', () => {
  const index = read('docs/adr/README.md');

  it.each(ADRS)('%s has its three parts in 130 to 400 words, and a place in the index', (name) => {
    const text = read(`docs/adr/${name}`);
    const parts = [...text.matchAll(/^## (.+)$/gm)].map(([, heading]) => heading);
    expect(parts).toEqual(['Background', 'Decision', 'Consequences']);
    expect(words(text)).toBeGreaterThanOrEqual(130);
    expect(words(text)).toBeLessThanOrEqual(400);
    expect(index).toContain(`](${name})`);
    expect(text).toMatch(new RegExp(`^# ${name.slice(0, 4)} `));
  });
});

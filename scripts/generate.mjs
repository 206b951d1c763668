/**
 * Writes docs/configuration.md, errors.md, metrics.md and .env.example from the declarations that the gateway itself reads, so that
 * none of them can tell a lie. Needs a build: it loads dist.
 *
 *   node scripts/generate.mjs [--check] [folder]     --check: writes nothing, names what is stale, then exit 1
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { configurationPage } from './generate/configuration.mjs';
import { envExample } from './generate/env-example.mjs';
import { errorsPage } from './generate/errors.mjs';
import { metricsPage } from './generate/metrics.mjs';

const FILES = {
  'docs/configuration.md': configurationPage,
  'docs/errors.md': errorsPage,
  'docs/metrics.md': metricsPage,
  '.env.example': envExample,
};

const args = process.argv.slice(2);
const check = args.includes('--check');
const folder = args.find((arg) => !arg.startsWith('--')) ?? fileURLToPath(new URL('..', import.meta.url));

for (const [name, render] of Object.entries(FILES)) {
  const path = join(folder, name);
  const content = render();
  if (contentOf(path) === content) continue;
  if (check) {
    console.error(`${name} is stale: run \`npm run generate\` and commit what it writes`);
    process.exitCode = 1;
  } else {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
    console.log(`${name} written`);
  }
}

/** Null where there is no such file. */
function contentOf(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT') return null;
    throw error;
  }
}

/** How long `/metrics` and `/status` of the admin listener take while 500 answers are streamed at the pace of a model. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SteadyStreams } from '../load/steady-streams.mjs';

const ASKER = fileURLToPath(new URL('../load/asker.mjs', import.meta.url));
const ROUNDS = 3;
const STREAMS = 500;
const ASKED = 200;

/**
 * @param {import('./bench-context.mjs').BenchContext} context
 * @returns {Promise<import('./bench-context.mjs').Row[]>}
 */
export async function measureObserved({ scope, upstream, gateway }) {
  const paths = ['/metrics', '/status'];
  const urls = paths.map((path) => `${gateway.adminUrl}${path}`);
  const streams = new SteadyStreams();
  await streams.open(upstream, gateway.url, STREAMS);
  /** @type {Record<string, number[]>[]} */
  const rounds = [];
  for (let round = 0; round < ROUNDS; round += 1) rounds.push(await ask(scope, urls));
  streams.close();
  return paths.map((path, index) => ({
    what: `${path} during ${STREAMS} streams, p99`,
    unit: 'ms',
    gateway: rounds.map((tookMs) => p99(tookMs[urls[index] ?? ''] ?? [])),
    figure: 'observedP99',
  }));
}

/**
 * @param {import('../setting/scope.mjs').Scope} scope
 * @param {string[]} urls
 * @returns {Promise<Record<string, number[]>>} ms per request
 */
async function ask(scope, urls) {
  const { child, complaint } = scope.start('asker', process.execPath, [ASKER, String(ASKED), ...urls]);
  const code = await new Promise((resolve) => child.once('exit', resolve));
  if (code !== 0) throw new Error(complaint());
  return JSON.parse(readFileSync(join(scope.dir, 'asker.log'), 'utf8').trim().split('\n').at(-1) ?? '');
}

/** @param {readonly number[]} values */
function p99(values) {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length * 0.99)] ?? Number.NaN;
}

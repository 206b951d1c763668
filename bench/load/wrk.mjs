/** wrk as the source of small requests: one thread, connections kept alive, each sending as soon as it has its answer. */
import { fileURLToPath } from 'node:url';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const SCRIPT = fileURLToPath(new URL('wrk.lua', import.meta.url));
/** Enough to keep a proxy busy, few enough that p99 is the proxy's time and not a queue of our own making. */
const CONNECTIONS = 16;

/**
 * @typedef {object} WrkResult
 * @property {number} requests
 * @property {number} perSec
 * @property {number} p99Ms
 * @property {number} refused  answers with a status of 400 and above
 */

/**
 * @param {{ scope: import('../setting/scope.mjs').Scope, wrk: string }} tools
 * @param {string} url
 * @param {number} seconds
 * @param {{ method: string, body?: string }} [request]
 * @returns {Promise<WrkResult>}
 */
export async function runWrk({ scope, wrk }, url, seconds, { method, body } = { method: 'GET' }) {
  const args = ['-t1', `-c${CONNECTIONS}`, `-d${seconds}s`, '-s', SCRIPT, url, '--', method, ...(body ? [body] : [])];
  const { child, complaint } = scope.start('wrk', wrk, args);
  const code = await new Promise((resolve) => child.once('exit', resolve));
  if (code !== 0) throw new Error(complaint());
  const line = readFileSync(join(scope.dir, 'wrk.log'), 'utf8').trim().split('\n').at(-1) ?? '';
  const { requests, durationUs, p99Us, refused, broken } = JSON.parse(line);
  if (broken > 0) throw new Error(`${broken} of ${requests} requests to ${url} broke`);
  return { requests, perSec: requests / (durationUs / 1e6), p99Ms: p99Us / 1000, refused };
}

/**
 * `npm run bench`: the gateway and nginx side by side in one run, on loopback, in under five minutes. It reports and
 * judges nothing by its exit code, which is 1 only when something could not be run.
 *
 *   npm run bench -- small-get upload        only these measurements
 *   npm run bench -- --cpu-prof=DIR          leaves CPU profiles of the gateways in DIR
 */
import { cpus, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { COLD_YARDSTICK, measureCold503 } from './measure/cold-503.mjs';
import { measureFirstRequest } from './measure/first-request.mjs';
import { measureKeyCheck } from './measure/key-check.mjs';
import { measureObserved } from './measure/observed.mjs';
import { measureOpenStreams } from './measure/open-streams.mjs';
import { measureSmallGet } from './measure/small-get.mjs';
import { measureStreamedChunks } from './measure/streamed-chunks.mjs';
import { measureTlsLink } from './measure/tls-link.mjs';
import { measureUpload } from './measure/upload.mjs';
import { table } from './report.mjs';
import { findTools } from './setting/debian-tools.mjs';
import { bareMachine, startColdGateway, startReadyGateway } from './setting/gateway.mjs';
import { startNginx } from './setting/nginx.mjs';
import { Scope } from './setting/scope.mjs';
import { Upstream } from './setting/upstream.mjs';

const LIMIT_MS = 5 * 60_000;
/** Load average of the last minute above which others use the cores that the bench needs. */
const QUIET_LOAD = 0.5;

/** Memory comes after load: a process that has worked is the one that counts. */
const MEASUREMENTS = {
  'cold-503': measureCold503,
  chunks: measureStreamedChunks,
  'small-get': measureSmallGet,
  'tls-link': measureTlsLink,
  'first-request': measureFirstRequest,
  'key-check': measureKeyCheck,
  observed: measureObserved,
  'open-streams': measureOpenStreams,
  upload: measureUpload,
};

/** @returns {Promise<number>} the exit code */
async function main() {
  const { values, positionals } = parseArgs({ options: { 'cpu-prof': { type: 'string' } }, allowPositionals: true });
  const chosen = Object.entries(MEASUREMENTS).filter(([name]) => !positionals.length || positionals.includes(name));
  const unknown = positionals.filter((name) => !(name in MEASUREMENTS));
  if (unknown.length > 0)
    return failed(`There is no measurement ${unknown.join(', ')}: ${Object.keys(MEASUREMENTS).join(', ')}.`);
  if (process.platform !== 'linux') return failed('The bench reads /proc: it runs on Linux only.');
  const { paths, missing } = findTools(['nginx', 'wrk']);
  if (missing.length > 0)
    return failed(`Missing: ${missing.join(', ')}. On Debian: apt-get install ${missing.join(' ')}`);

  const [loadBefore = 0] = loadavg();
  const scope = new Scope();
  const run = async () => {
    const context = await prepare(scope, paths, values['cpu-prof'] ?? null);
    const rows = [];
    for (const [name, measure] of chosen) {
      console.log(`measuring ${name} …`);
      rows.push(...(await measure(context)));
    }
    console.log(`\n${table(rows)}\n${conditions(loadBefore)}`);
    return 0;
  };
  try {
    return await Promise.race([run(), stopped()]);
  } catch (error) {
    return failed(/** @type {Error} */ (error).message);
  } finally {
    await scope.close();
  }
}

/** Resolves with the exit code when somebody ends the run, or when it hangs. @returns {Promise<number>} */
function stopped() {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => resolve(130));
    setTimeout(() => resolve(failed(`The run has not ended within ${LIMIT_MS / 60_000} minutes.`)), LIMIT_MS);
  });
}

/**
 * @param {Scope} scope
 * @param {Record<string, string>} paths
 * @param {string | null} profileDir
 * @returns {Promise<import('./measure/bench-context.mjs').BenchContext>}
 */
async function prepare(scope, { nginx = '', wrk = '' }, profileDir) {
  console.log('starting the gateways and nginx …');
  const upstream = await Upstream.start(scope);
  const setting = { scope, profileDir, ...bareMachine(upstream.port) };
  const [gateway, coldGateway, yardstick] = await Promise.all([
    startReadyGateway(setting),
    startColdGateway(setting),
    startNginx(scope, nginx, upstream.port, COLD_YARDSTICK),
  ]);
  return { scope, wrk, programs: { nginx }, profileDir, upstream, gateway, coldGateway, nginx: yardstick };
}

/**
 * Read with the table: noise has no other place where it shows.
 * @param {number} loadBefore
 */
function conditions(loadBefore) {
  const computer = `Node ${process.version}, ${cpus().length} cores (${cpus()[0]?.model})`;
  const lines = [
    `Medians of rounds ± half the distance between the extremes. ${computer}, load before ${loadBefore.toFixed(1)}.`,
  ];
  if (loadBefore > QUIET_LOAD)
    lines.push('The computer was busy: rate and p99 look worse than they are, ratios of CPU wander.');
  return lines.join('\n');
}

/** @param {string} line */
function failed(line) {
  console.error(line);
  return 1;
}

process.exit(await main());

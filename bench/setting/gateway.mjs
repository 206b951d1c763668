/**
 * The real gateway (dist/main.js) as a process, against a simulated cloud. Its machine is the bench's upstream itself, with
 * no hop between them, where it is not that of a measurement. Settings are the gateway's defaults, the log level too; time runs at its real pace.
 */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from './free-port.mjs';
import { hasEnded } from './scope.mjs';
import { MODEL } from './upstream.mjs';
import { until } from './until.mjs';

const DIST = new URL('../../dist/', import.meta.url);
const UP_WITHIN_MS = 15_000;
const READY_WITHIN_MS = 60_000;
/** The cold gateway's machine is created for as long as the bench runs. */
const NEVER_MS = 3_600_000;

const CHAT = { method: 'POST', body: JSON.stringify({ model: MODEL, prompt: 'why is the sky blue?' }) };

/**
 * @typedef {object} Machines
 * @property {number} linkPort
 * @property {(instanceId: string, userData: string) => Promise<string>} start  answers the address
 * @property {(instanceId: string) => Promise<void>} stop
 *
 * @typedef {object} GatewaySetting
 * @property {import('./scope.mjs').Scope} scope
 * @property {Machines} machines
 * @property {'mtls' | 'plain'} link
 * @property {string | null} profileDir  where a CPU profile is left, or null
 */

/**
 * A machine that is nothing but the upstream: it has no keys, so its link is plain.
 * @param {number} upstreamPort
 * @returns {Pick<GatewaySetting, 'machines' | 'link'>}
 */
export function bareMachine(upstreamPort) {
  const machines = { linkPort: upstreamPort, start: async () => '127.0.0.1', stop: async () => undefined };
  return { machines, link: 'plain' };
}

/**
 * A gateway whose machine is ready.
 * @param {GatewaySetting} setting
 */
export async function startReadyGateway(setting, name = 'gateway') {
  const gateway = await start(name, setting, 10);
  await until('the machine of the gateway becoming ready', READY_WITHIN_MS, async () => {
    const { status } = await fetch(`${gateway.url}/api/generate`, CHAT);
    return status === 200;
  });
  return gateway;
}

/** A gateway whose machine is being created and will not be there soon. @param {GatewaySetting} setting */
export async function startColdGateway(setting) {
  const gateway = await start('cold-gateway', setting, NEVER_MS);
  const { status } = await fetch(`${gateway.url}/api/generate`, CHAT);
  if (status !== 503) throw new Error(`the cold gateway answered ${status}, not 503`);
  return gateway;
}

/**
 * @param {string} name
 * @param {GatewaySetting} setting
 * @param {number} operationMs  how long a job of the simulated cloud takes
 * @returns {Promise<{ url: string, adminUrl: string, pid: number }>}
 */
async function start(name, { scope, machines, link, profileDir }, operationMs) {
  const { ExoscaleSimulator } = await import(new URL('sandbox/exoscale-simulator/exoscale-simulator.js', DIST).href);
  const { gatewayEnvironment, PLAIN_LINK } = await import(new URL('sandbox/gateway-environment.js', DIST).href);
  const apiKey = `EXO${randomBytes(12).toString('hex')}`;
  const apiSecret = randomBytes(24).toString('base64url');
  const cloud = await ExoscaleSimulator.start({ apiKey, apiSecret, operationMs, machines });
  scope.defer(() => cloud.close());
  const port = await freePort();
  const adminPort = await freePort();
  const shell = { PATH: process.env.PATH, OLLAMA_MODEL: MODEL, EXOSCALE_IDLE_TIMEOUT: '3600', GATEWAY_TIME_SCALE: '1' };
  const facts = { endpoint: cloud.url, apiKey, apiSecret, linkPort: machines.linkPort, port, adminPort };
  const env = gatewayEnvironment(shell, { ...facts, stateDir: join(scope.dir, name) });
  if (link === 'plain') Object.assign(env, PLAIN_LINK);
  const profiling = profileDir ? ['--cpu-prof', `--cpu-prof-dir=${profileDir}`] : [];
  const main = fileURLToPath(new URL('main.js', DIST));
  const { child, complaint } = scope.start(name, process.execPath, [...profiling, main], env);
  const url = `http://127.0.0.1:${port}`;
  await until(`the start of the ${name}`, UP_WITHIN_MS, async () => {
    if (hasEnded(child)) throw new Error(complaint());
    return fetch(`${url}/health/startup`).then(
      ({ ok }) => ok,
      () => false,
    );
  });
  return { url, adminUrl: `http://127.0.0.1:${adminPort}`, pid: Number(child.pid) };
}

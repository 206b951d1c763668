/**
 * `npm run sandbox`: the whole gateway against simulators: no account, no money. Starts the simulated cloud in this
 * process and the real gateway (dist/main.js) as a child pointed at it, prints what to try, and ends everything on Ctrl-C.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gatewayEnvironment } from './gateway-environment.js';
import { startSimulators } from './simulators.js';

const DEFAULT_PORT = 11434;
const READY_WITHIN_MS = 15_000;

async function main(environment: NodeJS.ProcessEnv): Promise<number> {
  const port = Number(environment.PORT || DEFAULT_PORT);
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    return failed(`PORT must be a port number, it is "${environment.PORT}".`);
  if (!(await isFree(port)))
    return failed(`Port ${port} is in use: end what uses it (a local Ollama?), or run PORT=11500 npm run sandbox.`);

  const apiKey = `EXO${randomBytes(12).toString('hex')}`;
  const apiSecret = randomBytes(24).toString('base64url');
  const upstreamUrl = environment.SANDBOX_OLLAMA_URL || undefined;
  const simulators = await startSimulators({ apiKey, apiSecret, port: 0, linkPort: 0, upstreamUrl });
  const stateDir = mkdtempSync(join(tmpdir(), 'ollama-exoscale-sandbox-'));
  const settings = gatewayEnvironment(environment, {
    endpoint: simulators.cloud.url,
    apiKey,
    apiSecret,
    linkPort: simulators.linkPort,
    port,
    adminPort: port + 1,
    stateDir,
  });
  const gateway = spawn(process.execPath, [fileURLToPath(new URL('../main.js', import.meta.url))], {
    env: settings,
    stdio: ['ignore', 'inherit', 'inherit'],
    // A group of its own: Ctrl-C reaches the gateway once, through us.
    detached: true,
  });
  const ended = new Promise<number>((resolve) => gateway.once('exit', (code) => resolve(code ?? 1)));
  passOnSignals(gateway);
  try {
    if (await answers(port, ended)) console.log(welcome(port, settings));
    return await ended;
  } finally {
    await simulators.close();
    rmSync(stateDir, { recursive: true, force: true });
  }
}

function failed(line: string): number {
  console.error(line);
  return 1;
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
}

function passOnSignals(gateway: ChildProcess): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => gateway.kill(signal === 'SIGHUP' ? 'SIGTERM' : signal));
  // However this process ends, the gateway does not outlive it.
  process.once('exit', () => gateway.kill('SIGKILL'));
}

/** True when the gateway answers; false when it has ended or does not come up. */
async function answers(port: number, ended: Promise<number>): Promise<boolean> {
  const endMs = Date.now() + READY_WITHIN_MS;
  let alive = true;
  void ended.then(() => (alive = false));
  while (alive && Date.now() < endMs) {
    const up = await fetch(`http://127.0.0.1:${port}/health/startup`).then(
      ({ ok }) => ok,
      () => false,
    );
    if (up) return true;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return false;
}

function welcome(port: number, settings: Record<string, string>): string {
  const url = `http://localhost:${port}`;
  const admin = `http://localhost:${settings.GATEWAY_ADMIN_PORT}`;
  return `
The sandbox is ready: the real gateway at ${url}, a simulated Exoscale behind it. Nothing costs money.
The machine is stopped after ${settings.EXOSCALE_IDLE_TIMEOUT} s without work (set EXOSCALE_IDLE_TIMEOUT). Ctrl-C ends everything.

Try, in another terminal:
  1. curl -i -X POST ${url}/api/generate -d '{"model":"${settings.OLLAMA_MODEL}","prompt":"why is the sky blue?"}'
     503 at once: the machine is being provisioned. Some seconds later the same command streams.
  2. curl ${url}/status
     what the gateway is doing, at any time, without waking anything.
  3. wait ${settings.EXOSCALE_IDLE_TIMEOUT} s until it is stopped, then run the first command again:
     it is held while the machine resumes, and answered 200.
  4. curl -N ${admin}/admin/events
     what happens meanwhile, as it happens; curl -X POST ${admin}/admin/sleep; curl ${admin}/metrics
`;
}

process.exitCode = await main(process.env);

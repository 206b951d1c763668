/** How fast the gateway says that the machine is not there yet. nginx's `return 503` shows what this computer can do. */
import { runWrk } from '../load/wrk.mjs';
import { cpuUs } from '../process-usage.mjs';
import { MODEL } from '../setting/upstream.mjs';
import { median } from '../statistics.mjs';
import { inRounds } from './rounds.mjs';

const ROUNDS = 5;
const SECONDS = 3;
const PATH = '/api/generate';
const BODY = JSON.stringify({ model: MODEL, prompt: 'why is the sky blue?' });

/** What the yardstick answers at the same path: as long as a cold answer is. */
export const COLD_YARDSTICK = {
  path: PATH,
  body: '{"error":"Remote Ollama instance is being provisioned. Please retry in a few moments.","provisioning":true,"status":"provisioning","phase":"creating","progress":null,"eta_seconds":420,"retry_after":55,"code":"provisioning"}',
};

/**
 * @param {import('./bench-context.mjs').BenchContext} context
 * @returns {Promise<import('./bench-context.mjs').Row[]>}
 */
export async function measureCold503(context) {
  /** @param {import('./bench-context.mjs').Proxy} proxy */
  const round = async ({ url, pid }) => {
    const cpuBeforeUs = cpuUs(pid);
    const result = await runWrk(context, `${url}${PATH}`, SECONDS, { method: 'POST', body: BODY });
    if (result.refused !== result.requests) throw new Error(`${url} did not answer every cold request with an error`);
    return { ...result, cpuUs: (cpuUs(pid) - cpuBeforeUs) / result.requests };
  };
  await round(context.coldGateway);
  const results = await inRounds(ROUNDS, {
    gateway: () => round(context.coldGateway),
    nginx: () => round(context.nginx),
  });
  return [
    {
      what: 'cold 503, rate',
      unit: 'req/s',
      gateway: results.gateway.map(({ perSec }) => perSec),
      nginx: results.nginx.map(({ perSec }) => perSec),
      figure: 'coldRate',
      note: `${median(results.gateway.map((one) => one.cpuUs)).toFixed(0)} µs of the gateway's CPU each`,
    },
    {
      what: 'cold 503, p99 at that rate',
      unit: 'ms',
      gateway: results.gateway.map(({ p99Ms }) => p99Ms),
      nginx: results.nginx.map(({ p99Ms }) => p99Ms),
      figure: 'coldP99',
    },
  ];
}

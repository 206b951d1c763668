/** CPU of the proxy process for a small GET that is forwarded; the gateway's line in the log is part of it. */
import { runWrk } from '../load/wrk.mjs';
import { cpuUs } from '../process-usage.mjs';
import { SMALL_PATH } from '../setting/upstream.mjs';
import { inRounds } from './rounds.mjs';

const ROUNDS = 7;
const SECONDS = 2;

/**
 * @param {import('./bench-context.mjs').BenchContext} context
 * @returns {Promise<import('./bench-context.mjs').Row[]>}
 */
export async function measureSmallGet(context) {
  const { gateway, nginx } = context;
  /** @param {import('./bench-context.mjs').Proxy} proxy */
  const round = async ({ url, pid }) => {
    const before = cpuUs(pid);
    const { requests, refused } = await runWrk(context, `${url}${SMALL_PATH}`, SECONDS);
    if (refused > 0) throw new Error(`${url} refused ${refused} of ${requests} small requests`);
    return (cpuUs(pid) - before) / requests;
  };
  await round(gateway);
  const results = await inRounds(ROUNDS, { gateway: () => round(gateway), nginx: () => round(nginx) });
  return [{ what: 'CPU per small GET', unit: 'µs', ...results, figure: 'smallCpu' }];
}

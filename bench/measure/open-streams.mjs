/** Resident memory with 500 answers under way: the peak from the first one's opening until all have spoken and wait. */
import { TokenStreams } from '../load/token-streams.mjs';
import { residentMb, resetPeak } from '../process-usage.mjs';
import { inRounds } from './rounds.mjs';

const ROUNDS = 3;
const AMOUNT = { streams: 500, chunks: 20 };

/**
 * @param {import('./bench-context.mjs').BenchContext} context
 * @returns {Promise<import('./bench-context.mjs').Row[]>}
 */
export async function measureOpenStreams({ upstream, gateway, nginx }) {
  const streams = new TokenStreams(upstream);
  /** @param {import('./bench-context.mjs').Proxy} proxy */
  const round = async ({ url, pid }) => {
    let peak = 0;
    resetPeak(pid);
    await streams.pass(url, AMOUNT, async () => {
      peak = residentMb(pid).peak;
    });
    return peak;
  };
  const results = await inRounds(ROUNDS, { gateway: () => round(gateway), nginx: () => round(nginx) });
  streams.close();
  return [{ what: 'resident memory, 500 open streams', unit: 'MB', ...results, figure: 'streamMemory' }];
}

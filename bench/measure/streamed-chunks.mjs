/** CPU of the proxy process for each chunk of a streamed answer. */
import { TokenStreams } from '../load/token-streams.mjs';
import { cpuUs } from '../process-usage.mjs';
import { inRounds } from './rounds.mjs';

/** In all 350,000 chunks for each proxy; short rounds, so that a disturbance meets both. */
const ROUNDS = 7;
const AMOUNT = { streams: 50, chunks: 1000 };

/**
 * @param {import('./bench-context.mjs').BenchContext} context
 * @returns {Promise<import('./bench-context.mjs').Row[]>}
 */
export async function measureStreamedChunks({ upstream, gateway, nginx }) {
  const streams = new TokenStreams(upstream);
  /** @param {import('./bench-context.mjs').Proxy} proxy */
  const round = async ({ url, pid }) => {
    const before = cpuUs(pid);
    await streams.pass(url, AMOUNT);
    return (cpuUs(pid) - before) / (AMOUNT.streams * AMOUNT.chunks);
  };
  await round(gateway);
  const results = await inRounds(ROUNDS, { gateway: () => round(gateway), nginx: () => round(nginx) });
  streams.close();
  return [{ what: 'CPU per streamed chunk', unit: 'µs', ...results, figure: 'chunkCpu' }];
}

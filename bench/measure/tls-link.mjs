/** What the private link costs: CPU of the gateway for each chunk of a streamed answer, over TLS and over the plain link. */
import { TokenStreams } from '../load/token-streams.mjs';
import { cpuUs } from '../process-usage.mjs';
import { startReadyGateway } from '../setting/gateway.mjs';
import { MachineFront } from '../setting/machine-front.mjs';
import { inRounds } from './rounds.mjs';

const ROUNDS = 9;
const AMOUNT = { streams: 50, chunks: 1000 };

/**
 * @param {import('./bench-context.mjs').BenchContext} context
 * @returns {Promise<import('./bench-context.mjs').Row[]>}
 */
export async function measureTlsLink(context) {
  const { scope, profileDir, upstream, programs } = context;
  /** @param {'mtls' | 'plain'} link */
  const start = async (link) => {
    const parts = { name: `${link}-machine`, nginx: programs.nginx, upstreamPort: upstream.port };
    const machines = await MachineFront.prepare(scope, parts);
    return startReadyGateway({ scope, profileDir, machines, link }, `${link}-gateway`);
  };
  const [tls, plain] = await Promise.all([start('mtls'), start('plain')]);
  const streams = new TokenStreams(upstream);
  /** @param {import('./bench-context.mjs').Proxy} proxy */
  const round = async ({ url, pid }) => {
    const before = cpuUs(pid);
    await streams.pass(url, AMOUNT);
    return (cpuUs(pid) - before) / (AMOUNT.streams * AMOUNT.chunks);
  };
  // Handshakes are no part of it: the connections of the first round are those of all.
  await round(tls);
  await round(plain);
  const results = await inRounds(ROUNDS, { tls: () => round(tls), plain: () => round(plain) });
  streams.close();
  const { tls: gateway, plain: plainLink } = results;
  return [{ what: 'CPU per streamed chunk, TLS link', unit: 'µs', gateway, plainLink, figure: 'tlsChunkCpu' }];
}

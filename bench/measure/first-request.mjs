/**
 * The first request after idle, when no connection to the machine is open: how many more times the gateway waits for the
 * machine over TLS than over the plain link, with a machine at some distance.
 */
import { startReadyGateway } from '../setting/gateway.mjs';
import { DistantRelay } from '../setting/distant-relay.mjs';
import { MachineFront } from '../setting/machine-front.mjs';
import { SMALL_PATH } from '../setting/upstream.mjs';
import { median } from '../statistics.mjs';
import { inRounds } from './rounds.mjs';

const ROUNDS = 15;
/** One way, about that between two countries of Europe. */
const DELAY_MS = 20;
/** Stands before the machine; the machine itself listens on 127.0.0.1, on the same port. */
const RELAY_HOST = '127.0.0.2';
/** For the gateway to see that its connections are gone. */
const SETTLE_MS = 100;

/** @typedef {{ trips: number, tookMs: number }} First */

/**
 * @param {import('./bench-context.mjs').BenchContext} context
 * @returns {Promise<import('./bench-context.mjs').Row[]>}
 */
export async function measureFirstRequest(context) {
  const [tls, plain] = await Promise.all([startDistant(context, 'mtls'), startDistant(context, 'plain')]);
  await tls();
  await plain();
  const results = await inRounds(ROUNDS, { tls, plain });
  const extra = results.tls.map(({ trips }, round) => trips - (results.plain[round]?.trips ?? Number.NaN));
  /** @param {First[]} firsts */
  const ms = (firsts) => `${median(firsts.map(({ tookMs }) => tookMs)).toFixed(0)} ms`;
  return [
    {
      what: 'first request after idle, more round trips over TLS',
      unit: 'trips',
      gateway: extra,
      figure: 'firstRequest',
      note: `${ms(results.tls)} over TLS and ${ms(results.plain)} over the plain link, where a round trip takes ${2 * DELAY_MS} ms`,
    },
  ];
}

/**
 * A gateway far from its machine. Each call is a first request.
 * @param {import('./bench-context.mjs').BenchContext} context
 * @param {'mtls' | 'plain'} link
 * @returns {Promise<() => Promise<First>>}
 */
async function startDistant({ scope, profileDir, upstream, programs }, link) {
  const name = `distant-${link}`;
  const parts = { name: `${name}-machine`, nginx: programs.nginx, upstreamPort: upstream.port };
  const machines = await MachineFront.prepare(scope, parts);
  const way = { host: RELAY_HOST, port: machines.linkPort, toHost: machines.address, delayMs: DELAY_MS };
  const relay = await DistantRelay.start(scope, way);
  machines.address = RELAY_HOST;
  const { url } = await startReadyGateway({ scope, profileDir, machines, link }, `${name}-gateway`);
  return async () => {
    relay.cut();
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
    relay.trips = [];
    const startMs = performance.now();
    const response = await fetch(`${url}${SMALL_PATH}`);
    await response.arrayBuffer();
    const tookMs = performance.now() - startMs;
    if (response.status !== 200) throw new Error(`${url} answered ${response.status} to a first request`);
    // A probe of the gateway's own may be among them: it goes the same way, and as often.
    return { trips: Math.max(...relay.trips), tookMs };
  };
}

/** Questions about signatures and the clock. They cost nothing and change nothing. */
import type { ApiCall } from '../api/api-transport.js';
import type { ProbeSession } from './probe-session.js';

const READ: ApiCall = { operation: 'list-instances', kind: 'read', method: 'GET', path: '/instance', signed: true };

/** Seconds from now at which the probed signatures expire. */
const EXPIRIES_SEC = [-300, -30, -2, 3600, 86_400];

export async function probeSignatures(session: ProbeSession): Promise<void> {
  await session.client.listInstances();
  const offsetMs = session.client.clockOffsetMs;
  session.note('link §1.6', 'Clock of the API ahead of this host', offsetMs === null ? 'not told' : `${offsetMs} ms`);
  for (const inSec of EXPIRIES_SEC) {
    const expiresSec = () => Math.floor((session.parts.clock.nowMs() + (offsetMs ?? 0)) / 1000) + inSec;
    const answer = await session.outcome(() => session.transportWith(expiresSec).send(READ));
    session.note('link §1.11.1', `Signature that expires in ${inSec} s`, answer);
  }
}

/** A modest burst of reads, one after the other: enough to meet a low limit, not enough to be a nuisance. */
export async function probeRateLimit(session: ProbeSession): Promise<void> {
  const reads = 40;
  const beginMs = session.parts.clock.monotonicMs();
  for (let count = 1; count <= reads; count += 1) {
    const answer = await session.outcome(() => session.transport.send(READ));
    if (answer !== 'accepted') return session.note('exoscale-api §9.7', 'Rate limit', `read ${count}: ${answer}`);
  }
  const tookMs = Math.round(session.parts.clock.monotonicMs() - beginMs);
  session.note('exoscale-api §9.7', 'Rate limit', `none met: ${reads} reads in ${tookMs} ms`);
}

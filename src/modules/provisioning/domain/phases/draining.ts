/**
 * Rules for draining: no new request is let in, the machine itself is latched, and only when it says that nobody is
 * connected is it put away. A request that comes now wins: the latch is opened first, then it is served.
 */
import type { Draft } from '../draft.js';
import { prove } from './serving.js';

/** Attempts to latch a machine that does not answer; it serves nobody either, so then it is stopped all the same. */
const LATCH_ATTEMPTS = 3;

export function draining(d: Draft): void {
  const { record, senses, ctx } = d;
  const { address } = record;
  if (senses.latch === 'closing' || senses.latch === 'opening') return;
  if (record.wanted || ctx.traffic.open > 0) return serveAgain(d);
  const asked = senses.latch === 'closed' || senses.latchFailures >= LATCH_ATTEMPTS;
  if (address !== null && !asked) return d.latch(address);
  if (senses.latch === 'closed' && isBusy(d)) return serveAgain(d);
  putAway(d);
}

/** The latch answers. */
export function latched(d: Draft, busy: number | null): void {
  const { senses } = d;
  if (busy === null) {
    // The latch may be closed and only the count be missing.
    senses.latch = 'unknown';
    senses.latchFailures += 1;
    senses.latchRetryMs = d.nowMs + d.timings.bootProbeMs;
    return;
  }
  senses.latch = 'closed';
  senses.latchFailures = 0;
  senses.latchedBusy = busy;
  if (busy === 0) senses.busySinceMs = null;
}

/** The latch is open again, or the machine cannot be told: then it has to be proven anew. */
export function unlatched(d: Draft, done: boolean): void {
  d.senses.latch = 'open';
  if (!done && d.record.phase === 'draining') prove(d, 'the machine did not answer while draining');
}

function serveAgain(d: Draft): void {
  const { record, senses } = d;
  record.wanted = true;
  if (senses.latch !== 'open' && record.address !== null) return d.unlatch(record.address);
  const busy = senses.latchedBusy;
  senses.latchedBusy = 0;
  senses.latchFailures = 0;
  d.enter(
    'ready',
    busy > 0 ? `${busy} requests of somebody else are in progress on it` : 'a request came while draining',
  );
}

/**
 * A stop would cut somebody off. There is an end to this all the same: whatever looks like use may delay a stop and cannot
 * prevent it (coordination-and-link.md §2.7).
 */
function isBusy(d: Draft): boolean {
  const { senses, timings } = d;
  if (senses.latchedBusy === 0) return false;
  senses.busySinceMs ??= d.nowMs;
  senses.busyUntilMs = d.nowMs + timings.busyMs;
  return d.nowMs - senses.busySinceMs < timings.busyCapMs;
}

function putAway(d: Draft): void {
  const { record, ctx } = d;
  d.leaveMachine();
  d.senses.busySinceMs = null;
  const outdated = record.fingerprint !== ctx.policy.fingerprint;
  if (outdated) return d.enter('deleting', 'idle, and the configuration has changed: the machine is replaced');
  d.enter(ctx.policy.idleAction === 'destroy' ? 'deleting' : 'stopping', record.reason);
}

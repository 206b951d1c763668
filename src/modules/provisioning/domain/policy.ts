/** The policies of a pool as pure functions: what may wake it, when it is idle, how long a bring-up will take. */
import type { PoolRecord } from './model.js';
import { BRING_UP, type Timings } from './timings.js';

/** What the operator configured, in ms. */
export interface PoolPolicy {
  owner: string;
  adoptOwner: string | null;
  /** Label value that fits the configuration; a machine with another one is replaced when idle. */
  fingerprint: string;
  /** Epoch of the link keys that a new machine gets, and all epochs whose machines can be spoken to. */
  linkEpoch: number;
  linkEpochs: readonly number[];
  idleTimeoutMs: number;
  unclaimedMs: number;
  idleAction: 'stop' | 'destroy';
  /** 0 = never. */
  destroyAfterMs: number;
  /** 0 = no guard. */
  maxStartsPerHour: number;
  timings: Timings;
}

/** Work in flight, as the gate counts it. */
export interface Traffic {
  /** Open traffic leases, of whatever method. */
  open: number;
  /** End of the last waking request; null when there was none. */
  lastActivityMs: number | null;
}

const HOUR_MS = 3_600_000;

/** The starts that still count against the flap guard. */
export function recentStarts(startsMs: readonly number[], nowMs: number): number[] {
  return startsMs.filter((at) => nowMs - at < HOUR_MS);
}

/** When the flap guard allows the next start; null when it allows one now. */
export function startsAllowedAgainMs(
  record: Pick<PoolRecord, 'startsMs'>,
  policy: Pick<PoolPolicy, 'maxStartsPerHour'>,
  nowMs: number,
): number | null {
  if (policy.maxStartsPerHour === 0) return null;
  const recent = recentStarts(record.startsMs, nowMs);
  if (recent.length < policy.maxStartsPerHour) return null;
  const freedBy = recent[recent.length - policy.maxStartsPerHour] ?? nowMs;
  return freedBy + HOUR_MS;
}

/** Why no machine may be started now, in a sentence; null when one may, or when one is on its way or serves already. */
export function startRefusal(
  record: Pick<PoolRecord, 'phase' | 'startsMs'>,
  policy: Pick<PoolPolicy, 'maxStartsPerHour'>,
  nowMs: number,
): string | null {
  if (BRING_UP.has(record.phase) || record.phase === 'ready' || record.phase === 'draining') return null;
  const allowedMs = startsAllowedAgainMs(record, policy, nowMs);
  if (allowedMs === null) return null;
  return `The machine was started ${policy.maxStartsPerHour} times within an hour (GATEWAY_MAX_STARTS_PER_HOUR). It may start again at ${new Date(allowedMs).toISOString()}.`;
}

/**
 * When a ready machine will be stopped if nothing more comes: idle timeout after max(ready, end of the last waking
 * request), or the shorter unclaimed time when nobody has used it since ready; not before an operator's keep-awake ends.
 * Null while it is in use or not ready.
 */
export function idleStopAtMs(
  record: Pick<PoolRecord, 'readyMs' | 'phase' | 'keepAwakeUntilMs'>,
  traffic: Traffic,
  policy: Pick<PoolPolicy, 'idleTimeoutMs' | 'unclaimedMs'>,
): number | null {
  if (record.readyMs === null || traffic.open > 0) return null;
  if (record.phase !== 'ready' && record.phase !== 'draining') return null;
  const claimed = traffic.lastActivityMs !== null && traffic.lastActivityMs >= record.readyMs;
  const idleMs = claimed
    ? (traffic.lastActivityMs as number) + policy.idleTimeoutMs
    : record.readyMs + Math.min(policy.idleTimeoutMs, policy.unclaimedMs);
  return Math.max(idleMs, record.keepAwakeUntilMs ?? 0);
}

/**
 * Expected time until the machine can serve, in ms; null when nothing is on its way or could be by itself. Measured
 * durations of earlier bring-ups win over the guesses; a late bring-up is always "a moment" away, never negative.
 */
export function etaMs(record: PoolRecord, timings: Timings, nowMs: number): number | null {
  const resume = record.lastResumeMs ?? timings.guess.resumeMs;
  const create = record.lastCreateMs ?? timings.guess.createMs;
  const fresh = record.instanceId ? resume : create;
  switch (record.phase) {
    case 'ready':
    case 'draining':
      return 0;
    case 'absent':
    case 'stopped':
      return fresh;
    case 'stopping':
      return remaining(timings.guess.stopMs, record.phaseSinceMs, nowMs) + resume;
    case 'deleting':
      return remaining(timings.guess.stopMs, record.phaseSinceMs, nowMs) + create;
    case 'failed':
      return record.failure?.heals ? Math.max(0, (record.notBeforeMs ?? nowMs) - nowMs) + fresh : null;
    case 'creating':
    case 'starting':
    case 'booting':
    case 'loading': {
      const since = record.bringUpSinceMs ?? record.phaseSinceMs;
      if (record.readyMs !== null) return remaining(timings.guess.reproofMs, record.phaseSinceMs, nowMs);
      return remaining(record.bringUp === 'resume' ? resume : create, since, nowMs);
    }
  }
}

function remaining(expectedMs: number, sinceMs: number, nowMs: number): number {
  // Late: still a tenth of the whole, so that clients neither hammer nor give up.
  return Math.max(expectedMs - (nowMs - sinceMs), expectedMs / 10);
}

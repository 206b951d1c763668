/** The nouns of the lifecycle. Pure data: what is stored, what is remembered in memory, what others may see. */
import type { ErrorCode } from '../../../common/errors/catalogue.js';

/** The life of a machine, architecture.md §3. */
export type Phase =
  | 'absent'
  | 'creating'
  | 'starting'
  | 'booting'
  | 'loading'
  | 'ready'
  | 'draining'
  | 'stopping'
  | 'stopped'
  | 'deleting'
  | 'failed';

/** Why the last attempt failed. `heals` is the catalogue's `provisioning`: the gateway tries again by itself. */
export interface Failure {
  code: ErrorCode;
  message: string;
  heals: boolean;
  atMs: number;
}

/** What must happen to the machine of a failed attempt before the next one. */
export type Cleanup = 'none' | 'stop' | 'destroy';

/**
 * The durable record of a pool: the one row that survives a restart. Together with a look at the cloud it determines
 * the next step; there is no saved program counter.
 */
export interface PoolRecord {
  phase: Phase;
  phaseSinceMs: number;
  /** Why the pool is in this phase, one sentence for people. */
  reason: string;
  /** Whether somebody wants a machine; survives a restart. */
  wanted: boolean;
  lastWakeMs: number | null;
  launchId: string | null;
  instanceId: string | null;
  /** Label of the recorded machine; null for none. */
  fingerprint: string | null;
  /** Label of the recorded machine: the epoch of the link keys it was made with. */
  linkEpoch: number | null;
  /** The job of the cloud that the phase waits for. */
  operationId: string | null;
  /** Set before a create is sent, cleared when its outcome is known: while set, no second create within the quarantine. */
  createAttemptMs: number | null;
  /** Public address as re-read after the last start. */
  address: string | null;
  /** Last word heard from the cloud. */
  instanceStatus: string | null;
  /** What kind of bring-up is under way or was the last: decides about holding and about the ETA. */
  bringUp: 'create' | 'resume' | null;
  bringUpSinceMs: number | null;
  readyMs: number | null;
  failure: Failure | null;
  /** Consecutive failed attempts: drives the back-off. */
  failureCount: number;
  notBeforeMs: number | null;
  cleanup: Cleanup;
  /** Consecutive starts of this machine refused for capacity; three replace it. */
  capacityStarts: number;
  /** Consecutive boots of this machine that failed; two replace it. */
  bootFailures: number;
  /** A machine that has been replaced and is deleted once its successor is settled. */
  retiredInstanceId: string | null;
  /** Starts on a request's behalf that reached running, within the last hour (flap guard). */
  startsMs: number[];
  /** An operator wants the machine to stay on until then; null for nobody. */
  keepAwakeUntilMs: number | null;
  /** Measured durations of the last bring-ups, from the first call to ready. */
  lastResumeMs: number | null;
  lastCreateMs: number | null;
}

/** What the record says of a machine when there is none. */
export const NO_MACHINE = {
  launchId: null,
  instanceId: null,
  fingerprint: null,
  linkEpoch: null,
  operationId: null,
  createAttemptMs: null,
  address: null,
  instanceStatus: null,
  readyMs: null,
  cleanup: 'none',
  capacityStarts: 0,
  bootFailures: 0,
} as const satisfies Partial<PoolRecord>;

/** The record of a pool nobody has asked for yet. */
export function newRecord(nowMs: number): PoolRecord {
  return {
    ...NO_MACHINE,
    phase: 'absent',
    phaseSinceMs: nowMs,
    reason: 'nobody has asked yet',
    wanted: false,
    lastWakeMs: null,
    bringUp: null,
    bringUpSinceMs: null,
    failure: null,
    failureCount: 0,
    notBeforeMs: null,
    retiredInstanceId: null,
    startsMs: [],
    keepAwakeUntilMs: null,
    lastResumeMs: null,
    lastCreateMs: null,
  };
}

/** One line of the append-only event log: a change of phase, or within one (`from` is `to`) what somebody asked for. */
export interface PoolEventRecord {
  atMs: number;
  from: Phase;
  to: Phase;
  reason: string;
  /** Who or what caused it: `request`, `clock`, `cloud`, `machine`, `operator`, `restart`. */
  cause: string;
  /** The person or key behind it, where one is known. */
  actor: string | null;
}

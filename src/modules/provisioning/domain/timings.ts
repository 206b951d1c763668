/**
 * Every wait of the lifecycle, named by what it bounds. GATEWAY_TIME_SCALE divides them all, so that the sandbox and
 * the tests live through a day in minutes; what a user sets in seconds is not here (architecture.md §5).
 */
import type { BackoffRange } from '../../../common/time/backoff.js';
import type { Phase } from './model.js';

export interface Timings {
  /** Between two looks at the cloud while one of its jobs is awaited. */
  pollMs: number;
  /** Between two looks while the machine is ready: notices a stop by hand. */
  readyLookMs: number;
  /** Between two looks while nothing is wanted: notices a forgotten or foreign machine. */
  asleepLookMs: number;
  /** Between two probes of a booting machine, and of a ready one. */
  bootProbeMs: number;
  readyProbeMs: number;
  /** How long a machine that is used by somebody unknown is left alone, again and again, and for how long at most. */
  busyMs: number;
  busyCapMs: number;
  /** Between two readings of the model catalogue of a machine that works. */
  catalogueMs: number;
  /** How long a list may still show a machine that is gone; after that it counts as existing again. */
  ghostMs: number;
  /** Longest stay in a phase before the attempt counts as failed; loading counts from its last progress. */
  deadlineMs: Record<'creating' | 'starting' | 'booting' | 'resuming' | 'loading', number>;
  /** After a create whose outcome is unknown: no second create within this time (coordination-and-link.md §1.6). */
  quarantineMs: number;
  /** Back-off after failed attempts. */
  backoff: BackoffRange;
  /** A failure that a person must mend is tried again on a wake, but not earlier than this. */
  personRetryMs: number;
  /** A wake that was not served is forgotten after this time. */
  wantedMs: number;
  /** Guesses until a bring-up has been measured. */
  guess: { resumeMs: number; createMs: number; stopMs: number; reproofMs: number };
}

const SEC = 1000;
const MIN = 60 * SEC;

/** The waits at time scale `scale` (1 = real life). */
export function timingsAt(scale: number): Timings {
  const at = (ms: number) => ms / scale;
  return {
    pollMs: at(3 * SEC),
    readyLookMs: at(MIN),
    asleepLookMs: at(MIN),
    bootProbeMs: at(2 * SEC),
    readyProbeMs: at(5 * SEC),
    busyMs: at(MIN),
    busyCapMs: at(60 * MIN),
    catalogueMs: at(MIN),
    ghostMs: at(10 * MIN),
    deadlineMs: {
      creating: at(5 * MIN),
      starting: at(5 * MIN),
      // A first boot installs the GPU driver and reboots; a resume only boots.
      booting: at(30 * MIN),
      resuming: at(10 * MIN),
      loading: at(15 * MIN),
    },
    quarantineMs: at(MIN),
    backoff: { firstMs: at(15 * SEC), maxMs: at(10 * MIN) },
    personRetryMs: at(MIN),
    wantedMs: at(10 * MIN),
    guess: { resumeMs: at(30 * SEC), createMs: at(7 * MIN), stopMs: at(30 * SEC), reproofMs: at(5 * SEC) },
  };
}

/** The phases in which somebody who asked is waiting for a machine that is on its way. */
export const BRING_UP: ReadonlySet<Phase> = new Set<Phase>(['creating', 'starting', 'booting', 'loading']);

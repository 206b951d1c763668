/** What the process knows beside the record. Lost at a restart, and found again by looking. */
import type { CloudView } from '../ports/cloud.port.js';
import type { Command } from './events.js';

/** A look at the cloud, and when it was taken. */
export type DatedView = CloudView & { atMs: number };

export interface Senses {
  view: DatedView | null;
  /** Grows whenever the world may have changed under a look that is still under way. */
  lookSeq: number;
  looking: boolean;
  /** Machines that the cloud said do not exist, by id; a list that lags behind still shows them for a while. */
  gone: readonly { id: string; atMs: number }[];
  /** The mutating call under way. */
  commanding: Command['type'] | null;
  /** Grows whenever the machine is left: probes and loads begun before are void. */
  machineSeq: number;
  probing: boolean;
  preparing: boolean;
  /** The drain latch of the machine. In `closing` and `opening` its answer is awaited; `unknown` after that was lost. */
  latch: 'open' | 'closing' | 'closed' | 'opening' | 'unknown';
  /** Requests in progress on the latched machine. */
  latchedBusy: number;
  /** Consecutive attempts to latch that failed, and when to try again. */
  latchFailures: number;
  latchRetryMs: number;
  /** The machine is used by somebody this process does not know: since when, and until when it is left alone. */
  busySinceMs: number | null;
  busyUntilMs: number;
  /** Whether the dead-man timer still has to be told something. */
  instructions: 'due' | 'sent' | 'known';
  /** Consecutive probes that something refused: other keys, or another machine; and since when. */
  refusals: number;
  refusedSinceMs: number | null;
  /** After a load that was broken off: how often in a row, and when to try again. */
  brokenLoads: number;
  prepareMs: number;
  /** The other models have been asked for since ready. */
  othersPulled: boolean;
  probedMs: number | null;
  /** When the model catalogue was last read. */
  cataloguedMs: number;
  /** Consecutive probes of a ready machine without an answer. */
  missedProbes: number;
  progress: number | null;
  /** The most that any pull since the machine was last left has reached: only more than that is progress. */
  bestProgress: number;
  progressMs: number | null;
  /** Consecutive failed calls in a phase that never gives up (stopping, deleting), and when to try again. */
  troubles: number;
  retryMs: number;
}

export const NO_SENSES: Senses = {
  view: null,
  lookSeq: 0,
  looking: false,
  gone: [],
  commanding: null,
  machineSeq: 0,
  probing: false,
  preparing: false,
  latch: 'open',
  latchedBusy: 0,
  latchFailures: 0,
  latchRetryMs: 0,
  busySinceMs: null,
  busyUntilMs: 0,
  instructions: 'known',
  refusals: 0,
  refusedSinceMs: null,
  brokenLoads: 0,
  prepareMs: 0,
  othersPulled: false,
  probedMs: null,
  cataloguedMs: 0,
  missedProbes: 0,
  progress: null,
  bestProgress: 0,
  progressMs: null,
  troubles: 0,
  retryMs: 0,
};

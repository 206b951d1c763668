/**
 * What an operator may do to the pool, beside what requests do by coming. The admin API knows the lifecycle through this
 * and the gate only. Every act is in the event log with its actor.
 */
import type { Verdict } from './domain/draft.js';
import type { PoolRecord } from './domain/model.js';
import type { StoredEvent } from './ports/state-store.port.js';

export type { Verdict } from './domain/draft.js';
export type { StoredEvent } from './ports/state-store.port.js';

export abstract class PoolControl {
  /** The stored record, for operators; contains no secret. */
  abstract record(): Readonly<PoolRecord>;
  /** Of the stored record: the newest event has this version or an older one. */
  abstract version(): number;
  /** The event log after `afterVersion`, oldest first; empty when there is nothing newer. */
  abstract events(afterVersion: number, limit: number): Promise<StoredEvent[]>;
  /** Wishes that a machine exist, as a request would. Refused by the flap guard (`wake_refused`). */
  abstract wake(actor: string): Promise<Verdict>;
  /** Stops the machine as if it were idle now, and ends a bring-up. Refused (`in_use`) while requests are open. */
  abstract sleep(actor: string): Promise<Verdict>;
  /** Keeps a machine that is awake from idling until `untilMs`; null takes that back. Wakes nothing. */
  abstract keepAwake(untilMs: number | null, actor: string): Promise<Verdict>;
  /**
   * Deletes the machine and its disk. Refused with `wrong_launch` when `launchId` is not the recorded one, with `in_use`
   * while requests are open.
   */
  abstract destroy(launchId: string, actor: string): Promise<Verdict>;
}

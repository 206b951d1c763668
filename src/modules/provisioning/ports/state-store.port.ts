/**
 * Durable state of one pool, with versioned compare-and-set and an append-only event log. Adapters: memory (tests) and
 * SQLite in `modules/state-store`. Pool lease, intent and replica heartbeat are in the port from the start although one
 * process alone always gets them: the workflow code is the same with several replicas (coordination-and-link.md §1.5).
 */
import type { PoolEventRecord, PoolRecord } from '../domain/model.js';
import type { Catalogue } from './machine.port.js';

export interface StoredPool {
  record: PoolRecord;
  /** Grows by one with each commit. */
  version: number;
}

/** A commit that was not made: somebody else has written, or the lease is not ours any more. */
export type CommitResult = { ok: true; version: number } | { ok: false; reason: 'stale_version' | 'stale_epoch' };

export interface PoolLease {
  epoch: number;
  /** Store time until which the lease is ours. */
  untilMs: number;
}

export interface ReplicaHeartbeat {
  /** Random per process. */
  bootId: string;
  inFlight: number;
  /** End of the last waking request this replica has served. */
  lastActivityMs: number | null;
}

export interface StoredEvent extends PoolEventRecord {
  /** Version of the record that the event belongs to; events of one pool are gap-free in it. */
  version: number;
}

/** The store cannot be read or written (full disk, read-only folder, connection lost). */
export class StateUnavailableError extends Error {
  override readonly name = 'StateUnavailableError';
}

/** Every method rejects with StateUnavailableError when the medium fails; nothing is half-written. */
export abstract class StateStorePort {
  /** Opens the medium and applies migrations. Idempotent. */
  abstract open(): Promise<void>;
  abstract close(): Promise<void>;
  /** The owner id of this installation: the configured one, else one made once and kept. */
  abstract ownerId(): Promise<string>;

  /** The stored record, or null before the first commit. */
  abstract read(): Promise<StoredPool | null>;
  /**
   * Writes the fields of `patch` and appends `events` in one atomic step, if the stored version is `version` (0 for
   * none) and `epoch` is the current lease epoch.
   */
  abstract commit(
    version: number,
    epoch: number,
    patch: Partial<PoolRecord>,
    events: readonly PoolEventRecord[],
  ): Promise<CommitResult>;
  /** Events after `afterVersion`, oldest first. */
  abstract events(afterVersion: number, limit: number): Promise<StoredEvent[]>;

  /** Takes the pool lease with a new epoch, or null when another live replica holds it. */
  abstract acquireLease(bootId: string, ttlMs: number): Promise<PoolLease | null>;
  /** Null when the lease has been lost; an expired lease is never renewed. */
  abstract renewLease(bootId: string, epoch: number, ttlMs: number): Promise<PoolLease | null>;
  abstract releaseLease(bootId: string, epoch: number): Promise<void>;
  /** Immediately before a mutating cloud call: true when `epoch` and `version` are still current. */
  abstract intent(epoch: number, version: number, operation: string): Promise<boolean>;

  abstract heartbeat(beat: ReplicaHeartbeat): Promise<void>;
  /** All heartbeats not older than `maxAgeMs`, also of processes that are gone. */
  abstract heartbeats(maxAgeMs: number): Promise<(ReplicaHeartbeat & { atMs: number })[]>;

  abstract readCatalogue(): Promise<Catalogue | null>;
  abstract writeCatalogue(catalogue: Catalogue): Promise<void>;
}

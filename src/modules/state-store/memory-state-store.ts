/**
 * The state store of the tests: the same answers as SQLite under the same contract suite, with a medium that can be
 * made to fail. What goes in and out is copied. It must not be used in production: it forgets everything.
 */
import { randomUUID } from 'node:crypto';
import type { Clock } from '../../common/time/clock.js';
import type { PoolEventRecord, PoolRecord } from '../provisioning/domain/model.js';
import type { Catalogue } from '../provisioning/ports/machine.port.js';
import {
  type CommitResult,
  type PoolLease,
  type ReplicaHeartbeat,
  StateStorePort,
  StateUnavailableError,
  type StoredEvent,
  type StoredPool,
} from '../provisioning/ports/state-store.port.js';
import { wholeCommits } from './event-page.js';
import { decodeRecord, encodePatched } from './stored-record.js';

export interface MemoryStateStoreOptions {
  /** The store's clock: leases and heartbeats age by it. */
  clock: Clock;
  /** GATEWAY_OWNER; without it an owner is made once. */
  owner?: string | null;
  /** Makes the owner id; a UUID by default. */
  newId?: () => string;
}

export class MemoryStateStore extends StateStorePort {
  private isOpen = false;
  private writeFailure: string | null = null;
  private owner: string | null = null;
  private version = 0;
  private recordJson: string | null = null;
  private readonly log: StoredEvent[] = [];
  private lease = { bootId: '', epoch: 0, untilMs: 0 };
  private readonly beats = new Map<string, ReplicaHeartbeat & { atMs: number }>();
  private catalogue: Catalogue | null = null;

  constructor(private readonly options: MemoryStateStoreOptions) {
    super();
  }

  /** From now on every write fails as on a full disk, with this sentence; null makes writing work again. */
  failWrites(reason: string | Error | null): void {
    this.writeFailure = reason instanceof Error ? reason.message : reason;
  }

  override open(): Promise<void> {
    // As in SQLite: whoever opens the medium is alone, so a lease of before belongs to a process that is gone.
    if (!this.isOpen) this.lease.untilMs = 0;
    this.isOpen = true;
    return Promise.resolve();
  }

  override close(): Promise<void> {
    this.isOpen = false;
    return Promise.resolve();
  }

  override ownerId(): Promise<string> {
    if (this.owner !== null) return this.reading(() => this.options.owner ?? (this.owner as string));
    return this.writing(() => (this.owner = this.options.owner ?? (this.options.newId ?? randomUUID)()));
  }

  override read(): Promise<StoredPool | null> {
    return this.reading(() =>
      this.version === 0 ? null : { record: decodeRecord(this.recordJson, this.nowMs()), version: this.version },
    );
  }

  override commit(
    version: number,
    epoch: number,
    patch: Partial<PoolRecord>,
    events: readonly PoolEventRecord[],
  ): Promise<CommitResult> {
    return this.writing(() => {
      if (!this.isCurrent(epoch)) return { ok: false, reason: 'stale_epoch' };
      if (version !== this.version) return { ok: false, reason: 'stale_version' };
      this.recordJson = encodePatched(this.recordJson, patch, this.nowMs());
      this.version += 1;
      this.log.push(...events.map((event) => ({ ...event, version: this.version })));
      return { ok: true, version: this.version };
    });
  }

  override events(afterVersion: number, limit: number): Promise<StoredEvent[]> {
    return this.reading(() => {
      const later = this.log.filter((event) => event.version > afterVersion);
      return structuredClone(wholeCommits(later, limit));
    });
  }

  override acquireLease(bootId: string, ttlMs: number): Promise<PoolLease | null> {
    return this.writing(() => {
      if (this.lease.untilMs > this.nowMs() && this.lease.bootId !== bootId) return null;
      this.lease = { bootId, epoch: this.lease.epoch + 1, untilMs: this.nowMs() + ttlMs };
      return { epoch: this.lease.epoch, untilMs: this.lease.untilMs };
    });
  }

  override renewLease(bootId: string, epoch: number, ttlMs: number): Promise<PoolLease | null> {
    return this.writing(() => {
      if (!this.isCurrent(epoch) || this.lease.bootId !== bootId) return null;
      this.lease.untilMs = this.nowMs() + ttlMs;
      return { epoch, untilMs: this.lease.untilMs };
    });
  }

  override releaseLease(bootId: string, epoch: number): Promise<void> {
    return this.writing(() => {
      if (this.isCurrent(epoch) && this.lease.bootId === bootId) this.lease.untilMs = 0;
    });
  }

  override intent(epoch: number, version: number, _operation: string): Promise<boolean> {
    return this.writing(() => this.isCurrent(epoch) && version === this.version);
  }

  override heartbeat(beat: ReplicaHeartbeat): Promise<void> {
    return this.writing(() => void this.beats.set(beat.bootId, { ...beat, atMs: this.nowMs() }));
  }

  override heartbeats(maxAgeMs: number): Promise<(ReplicaHeartbeat & { atMs: number })[]> {
    return this.reading(() => {
      const oldestMs = this.nowMs() - maxAgeMs;
      return [...this.beats.values()].filter((beat) => beat.atMs >= oldestMs).map((beat) => ({ ...beat }));
    });
  }

  override readCatalogue(): Promise<Catalogue | null> {
    return this.reading(() => structuredClone(this.catalogue));
  }

  override writeCatalogue(catalogue: Catalogue): Promise<void> {
    return this.writing(() => void (this.catalogue = structuredClone(catalogue)));
  }

  private nowMs(): number {
    return this.options.clock.nowMs();
  }

  private isCurrent(epoch: number): boolean {
    return epoch === this.lease.epoch && this.lease.untilMs > this.nowMs();
  }

  private reading<T>(work: () => T): Promise<T> {
    if (!this.isOpen) return Promise.reject(new StateUnavailableError('The state store is not open.'));
    return Promise.resolve(work());
  }

  private writing<T>(work: () => T): Promise<T> {
    if (this.isOpen && this.writeFailure !== null) {
      return Promise.reject(new StateUnavailableError(this.writeFailure));
    }
    return this.reading(work);
  }
}

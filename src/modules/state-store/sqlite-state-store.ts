/**
 * The state store of one gateway process: SQLite in GATEWAY_STATE_DIR. Each method is one statement or one IMMEDIATE
 * transaction and returns after fsync. better-sqlite3 is synchronous on purpose: a write takes a few milliseconds at
 * most and there is no moment between check and write. Knows nothing of the lifecycle.
 */
import { randomUUID } from 'node:crypto';
import { resolve as absolutePath } from 'node:path';
import type { Database } from 'better-sqlite3';
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
import { asStateError } from './sqlite-faults.js';
import { openSession, type SqliteSession } from './sqlite-session.js';
import type { Statements } from './sqlite-statements.js';
import { decodeRecord, encodePatched } from './stored-record.js';

/** Rows of processes that have been gone for longer than any idle time matters are dropped at start. */
const REPLICA_KEPT_MS = 30 * 24 * 3_600_000;

export interface SqliteStateStoreOptions {
  /** GATEWAY_STATE_DIR; made with mode 0700 where it is missing. */
  dir: string;
  pool: string;
  /** The store's clock: leases and heartbeats age by it. */
  clock: Clock;
  /** GATEWAY_OWNER; without it an owner is made once and kept. */
  owner?: string | null;
  /** Makes the owner id; a UUID by default. */
  newId?: () => string;
  /** For tests: gets each new connection before its first use. */
  onConnection?: (database: Database) => void;
}

export class SqliteStateStore extends StateStorePort {
  private readonly dir: string;
  private readonly pool: string;
  private session: SqliteSession | null = null;

  constructor(private readonly options: SqliteStateStoreOptions) {
    super();
    this.dir = absolutePath(options.dir);
    this.pool = options.pool;
  }

  override open(): Promise<void> {
    return this.guarded(() => {
      if (this.session) return;
      const session = openSession(this.dir, this.options.onConnection);
      try {
        const { statements, database } = session;
        database.transaction(() => {
          statements.beginPool.run({ pool: this.pool });
          statements.forgetReplicas.run({ pool: this.pool, oldestMs: this.nowMs() - REPLICA_KEPT_MS });
        })();
      } catch (error) {
        session.close();
        throw error;
      }
      this.session = session;
    });
  }

  override close(): Promise<void> {
    return this.guarded(() => {
      const session = this.session;
      this.session = null;
      session?.close();
    });
  }

  override ownerId(): Promise<string> {
    return this.run(({ owner, keepOwner }) => {
      const kept = owner.get({})?.value;
      if (kept !== undefined) return this.options.owner ?? kept;
      const made = this.options.owner ?? (this.options.newId ?? randomUUID)();
      keepOwner.run({ owner: made });
      return made;
    });
  }

  override read(): Promise<StoredPool | null> {
    return this.run((statements) => {
      const { version, record } = this.slot(statements);
      return version === 0 ? null : { version, record: decodeRecord(record, this.nowMs()) };
    });
  }

  override commit(
    version: number,
    epoch: number,
    patch: Partial<PoolRecord>,
    events: readonly PoolEventRecord[],
  ): Promise<CommitResult> {
    const step = (statements: Statements): CommitResult => {
      const slot = this.slot(statements);
      if (slot.leaseEpoch !== epoch || slot.leaseUntilMs <= this.nowMs()) return { ok: false, reason: 'stale_epoch' };
      if (slot.version !== version) return { ok: false, reason: 'stale_version' };
      const next = { pool: this.pool, version: version + 1 };
      statements.writeRecord.run({ ...next, record: encodePatched(slot.record, patch, this.nowMs()) });
      events.forEach((event, position) =>
        statements.appendEvent.run({ ...event, ...next, position, epoch, bootId: slot.leaseOwner ?? '' }),
      );
      return { ok: true, version: next.version };
    };
    return this.run((statements, database) => database.transaction(step).immediate(statements));
  }

  override events(afterVersion: number, limit: number): Promise<StoredEvent[]> {
    return this.run(({ events }) => events.all({ pool: this.pool, after: afterVersion, limit }));
  }

  override acquireLease(bootId: string, ttlMs: number): Promise<PoolLease | null> {
    return this.run(({ acquireLease }) => {
      const nowMs = this.nowMs();
      return acquireLease.get({ pool: this.pool, bootId, nowMs, untilMs: nowMs + ttlMs }) ?? null;
    });
  }

  override renewLease(bootId: string, epoch: number, ttlMs: number): Promise<PoolLease | null> {
    return this.run(({ renewLease }) => {
      const nowMs = this.nowMs();
      return renewLease.get({ pool: this.pool, bootId, epoch, nowMs, untilMs: nowMs + ttlMs }) ?? null;
    });
  }

  override releaseLease(bootId: string, epoch: number): Promise<void> {
    return this.run(({ releaseLease }) => void releaseLease.run({ pool: this.pool, bootId, epoch }));
  }

  override intent(epoch: number, version: number, operation: string): Promise<boolean> {
    return this.run(
      ({ intent }) => intent.run({ pool: this.pool, epoch, version, operation, nowMs: this.nowMs() }).changes === 1,
    );
  }

  override heartbeat(beat: ReplicaHeartbeat): Promise<void> {
    return this.run(({ heartbeat }) => void heartbeat.run({ ...beat, pool: this.pool, nowMs: this.nowMs() }));
  }

  override heartbeats(maxAgeMs: number): Promise<(ReplicaHeartbeat & { atMs: number })[]> {
    return this.run(({ heartbeats }) => heartbeats.all({ pool: this.pool, oldestMs: this.nowMs() - maxAgeMs }));
  }

  override readCatalogue(): Promise<Catalogue | null> {
    return this.run(({ catalogue }) => {
      const row = catalogue.get({ pool: this.pool });
      return row ? (JSON.parse(row.body) as Catalogue) : null;
    });
  }

  override writeCatalogue(catalogue: Catalogue): Promise<void> {
    const body = JSON.stringify(catalogue);
    return this.run(({ writeCatalogue }) => void writeCatalogue.run({ pool: this.pool, body }));
  }

  private slot(statements: Statements) {
    const row = statements.slot.get({ pool: this.pool });
    if (!row) throw new StateUnavailableError(`The state folder ${this.dir} has lost the row of pool ${this.pool}.`);
    return row;
  }

  private nowMs(): number {
    return this.options.clock.nowMs();
  }

  private run<T>(work: (statements: Statements, database: Database) => T): Promise<T> {
    return this.guarded(() => {
      if (!this.session) throw new StateUnavailableError(`The state folder ${this.dir} is not open.`);
      return work(this.session.statements, this.session.database);
    });
  }

  private guarded<T>(work: () => T): Promise<T> {
    return new Promise((resolve) => {
      try {
        resolve(work());
      } catch (error) {
        throw asStateError(error, this.dir);
      }
    });
  }
}

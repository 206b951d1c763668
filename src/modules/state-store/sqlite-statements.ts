/** Every SQL statement of the SQLite store, prepared once per connection. No decisions here. */
import type { Database } from 'better-sqlite3';
import type { PoolLease, ReplicaHeartbeat, StoredEvent } from '../provisioning/ports/state-store.port.js';

export interface SlotRow {
  version: number;
  record: string | null;
  leaseOwner: string | null;
  leaseEpoch: number;
  leaseUntilMs: number;
}

interface Pool {
  pool: string;
}
interface LeaseParameters extends Pool {
  bootId: string;
  epoch: number;
  nowMs: number;
}
interface EventParameters extends Pool, StoredEvent {
  position: number;
  bootId: string;
  epoch: number;
}

export type Statements = ReturnType<typeof prepareStatements>;

export function prepareStatements(database: Database) {
  const prepare = <Parameters extends object, Row = never>(sql: string) => database.prepare<[Parameters], Row>(sql);
  return {
    /** Makes the pool's row, and ends the lease of a process that is gone: whoever opens the folder is alone. */
    beginPool: prepare<Pool>(
      `INSERT INTO slot (pool) VALUES (@pool) ON CONFLICT (pool) DO UPDATE SET lease_owner = NULL, lease_until_ms = 0`,
    ),
    keepOwner: prepare<{ owner: string }>(
      `INSERT INTO meta (key, value) VALUES ('owner', @owner) ON CONFLICT DO NOTHING`,
    ),
    owner: prepare<object, { value: string }>(`SELECT value FROM meta WHERE key = 'owner'`),

    slot: prepare<Pool, SlotRow>(
      `SELECT version, record, lease_owner AS leaseOwner, lease_epoch AS leaseEpoch, lease_until_ms AS leaseUntilMs
         FROM slot WHERE pool = @pool`,
    ),
    writeRecord: prepare<Pool & { version: number; record: string }>(
      `UPDATE slot SET version = @version, record = @record WHERE pool = @pool`,
    ),
    appendEvent: prepare<EventParameters>(
      `INSERT INTO audit_event (pool, version, position, at_ms, boot_id, epoch, from_phase, to_phase, reason, cause, actor)
       VALUES (@pool, @version, @position, @atMs, @bootId, @epoch, @from, @to, @reason, @cause, @actor)`,
    ),
    /** A page ends with a whole commit, because the next one begins after a version. */
    events: prepare<Pool & { after: number; limit: number }, StoredEvent>(
      `SELECT version, at_ms AS atMs, from_phase AS "from", to_phase AS "to", reason, cause, actor FROM audit_event
        WHERE pool = @pool AND version > @after AND version <= (
          SELECT max(version) FROM (
            SELECT version FROM audit_event WHERE pool = @pool AND version > @after
             ORDER BY version, position LIMIT @limit))
        ORDER BY version, position`,
    ),

    acquireLease: prepare<Pool & { bootId: string; nowMs: number; untilMs: number }, PoolLease>(
      `UPDATE slot SET lease_owner = @bootId, lease_epoch = lease_epoch + 1, lease_until_ms = @untilMs
        WHERE pool = @pool AND (lease_until_ms <= @nowMs OR lease_owner = @bootId)
        RETURNING lease_epoch AS epoch, lease_until_ms AS untilMs`,
    ),
    renewLease: prepare<LeaseParameters & { untilMs: number }, PoolLease>(
      `UPDATE slot SET lease_until_ms = @untilMs
        WHERE pool = @pool AND lease_owner = @bootId AND lease_epoch = @epoch AND lease_until_ms > @nowMs
        RETURNING lease_epoch AS epoch, lease_until_ms AS untilMs`,
    ),
    releaseLease: prepare<Pool & { bootId: string; epoch: number }>(
      `UPDATE slot SET lease_owner = NULL, lease_until_ms = 0
        WHERE pool = @pool AND lease_owner = @bootId AND lease_epoch = @epoch`,
    ),
    intent: prepare<Pool & { epoch: number; version: number; nowMs: number; operation: string }>(
      `UPDATE slot SET intent = json_object('operation', @operation, 'epoch', @epoch, 'version', @version, 'atMs', @nowMs)
        WHERE pool = @pool AND version = @version AND lease_epoch = @epoch AND lease_until_ms > @nowMs`,
    ),

    heartbeat: prepare<Pool & ReplicaHeartbeat & { nowMs: number }>(
      `INSERT INTO replica (pool, boot_id, heartbeat_ms, in_flight, last_activity_ms)
       VALUES (@pool, @bootId, @nowMs, @inFlight, @lastActivityMs)
       ON CONFLICT (pool, boot_id) DO UPDATE SET heartbeat_ms = excluded.heartbeat_ms,
         in_flight = excluded.in_flight, last_activity_ms = excluded.last_activity_ms`,
    ),
    heartbeats: prepare<Pool & { oldestMs: number }, ReplicaHeartbeat & { atMs: number }>(
      `SELECT boot_id AS bootId, in_flight AS inFlight, last_activity_ms AS lastActivityMs, heartbeat_ms AS atMs
         FROM replica WHERE pool = @pool AND heartbeat_ms >= @oldestMs ORDER BY boot_id`,
    ),
    forgetReplicas: prepare<Pool & { oldestMs: number }>(
      `DELETE FROM replica WHERE pool = @pool AND heartbeat_ms < @oldestMs`,
    ),

    catalogue: prepare<Pool, { body: string }>(`SELECT body FROM catalogue WHERE pool = @pool`),
    writeCatalogue: prepare<Pool & { body: string }>(
      `INSERT INTO catalogue (pool, body) VALUES (@pool, @body) ON CONFLICT (pool) DO UPDATE SET body = excluded.body`,
    ),
  };
}

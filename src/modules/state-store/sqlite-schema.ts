/**
 * The schema of state.db (coordination-and-link.md §1.5) and its migrations. `user_version` is the number of migrations
 * applied; a migration is never edited once released and only ever adds, so that an older gateway's data stays readable.
 */
import type { Database } from 'better-sqlite3';
import { StateUnavailableError } from '../provisioning/ports/state-store.port.js';

/**
 * Times are ms of the Unix epoch. `record` is the whole PoolRecord; the generated columns are for people with a
 * sqlite3 shell and cannot disagree with it. One audit_event per transition; `position` orders those of one commit.
 */
const INITIAL = `
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE slot (
  pool           TEXT PRIMARY KEY,
  version        INTEGER NOT NULL DEFAULT 0,
  record         TEXT CHECK (record IS NULL OR json_valid(record)),
  lease_owner    TEXT,
  lease_epoch    INTEGER NOT NULL DEFAULT 0,
  lease_until_ms INTEGER NOT NULL DEFAULT 0,
  intent         TEXT CHECK (intent IS NULL OR json_valid(intent)),
  phase          TEXT GENERATED ALWAYS AS (record ->> 'phase') VIRTUAL,
  wanted         INTEGER GENERATED ALWAYS AS (record ->> 'wanted') VIRTUAL,
  instance_id    TEXT GENERATED ALWAYS AS (record ->> 'instanceId') VIRTUAL
);

CREATE TABLE replica (
  pool             TEXT NOT NULL,
  boot_id          TEXT NOT NULL,
  heartbeat_ms     INTEGER NOT NULL,
  in_flight        INTEGER NOT NULL,
  last_activity_ms INTEGER,
  PRIMARY KEY (pool, boot_id)
) WITHOUT ROWID;

CREATE TABLE audit_event (
  pool       TEXT NOT NULL,
  version    INTEGER NOT NULL,
  position   INTEGER NOT NULL,
  at_ms      INTEGER NOT NULL,
  boot_id    TEXT NOT NULL,
  epoch      INTEGER NOT NULL,
  from_phase TEXT NOT NULL,
  to_phase   TEXT NOT NULL,
  reason     TEXT NOT NULL,
  cause      TEXT NOT NULL,
  PRIMARY KEY (pool, version, position)
) WITHOUT ROWID;
CREATE TRIGGER audit_event_no_update BEFORE UPDATE ON audit_event
  BEGIN SELECT RAISE(ABORT, 'audit_event is append-only'); END;
CREATE TRIGGER audit_event_no_delete BEFORE DELETE ON audit_event
  BEGIN SELECT RAISE(ABORT, 'audit_event is append-only'); END;

CREATE TABLE catalogue (pool TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
`;

/** Who was behind it; null where nobody is known, as in all events written before. */
const ACTOR = `ALTER TABLE audit_event ADD COLUMN actor TEXT;`;

export const MIGRATIONS: readonly string[] = [INITIAL, ACTOR];

/** Brings the database to the newest schema in one transaction; touches nothing that a newer gateway has written. */
export function migrate(database: Database): void {
  const applied = database.pragma('user_version', { simple: true }) as number;
  if (applied > MIGRATIONS.length) {
    throw new StateUnavailableError(
      `${database.name} was written by a newer version of the gateway (schema ${applied}, this one knows ${MIGRATIONS.length}). ` +
        'It is left as it is: run the newer version, or move the file away.',
    );
  }
  const apply = database.transaction(() => {
    for (const sql of MIGRATIONS.slice(applied)) database.exec(sql);
    database.pragma(`user_version = ${MIGRATIONS.length}`);
  });
  if (applied < MIGRATIONS.length) apply.immediate();
}

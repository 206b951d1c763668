/**
 * Opens the state folder: one exclusive lock, one connection to state.db. Knows files and PRAGMAs, not what is stored.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Database } from 'better-sqlite3';
import { Sqlite } from './sqlite-driver.js';
import { migrate } from './sqlite-schema.js';
import { prepareStatements, type Statements } from './sqlite-statements.js';

/** How long a statement waits for a foreign reader (a backup, a shell); it blocks the event loop, so it is short. */
const BUSY_TIMEOUT_MS = 500;

export interface SqliteSession {
  database: Database;
  statements: Statements;
  close(): void;
}

/**
 * @param onConnection called with the new connection before anything is written, so that a test can make its disk small
 * @throws the error of the file system or of SQLite; whatever was opened is closed again
 */
export function openSession(dir: string, onConnection?: (database: Database) => void): SqliteSession {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const opened: Database[] = [];
  const close = (): void => opened.reverse().forEach((one) => one.close());
  try {
    const lock = new Sqlite(join(dir, 'lock.db'), { timeout: 0 });
    opened.push(lock);
    // A lock of the kernel, held for the life of the process: kill -9 releases it, a second process meets it.
    lock.exec('BEGIN EXCLUSIVE');
    const database = new Sqlite(join(dir, 'state.db'), { timeout: BUSY_TIMEOUT_MS });
    opened.push(database);
    onConnection?.(database);
    refuseDamage(database);
    // An acknowledged commit survives a power cut: WAL alone would only survive the death of the process.
    database.pragma('synchronous = FULL');
    migrate(database);
    database.pragma('journal_mode = WAL');
    return { database, statements: prepareStatements(database), close };
  } catch (error) {
    close();
    throw error;
  }
}

/** The file is small: reading all of it at start finds damage before a decision rests on it. */
function refuseDamage(database: Database): void {
  const verdict = database.pragma('quick_check(1)', { simple: true }) as string;
  if (verdict !== 'ok') throw Object.assign(new Error(verdict), { code: 'SQLITE_CORRUPT' });
}

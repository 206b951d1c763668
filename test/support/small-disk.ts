/** A disk that a test can fill: SQLite itself then answers SQLITE_FULL, as on a full file system. */
import type { Database } from 'better-sqlite3';

const ROOMY_PAGES = 1_000_000;

export class SmallDisk {
  private database: Database | null = null;

  readonly onConnection = (database: Database): void => {
    this.database = database;
  };

  /** No page can be added from now on. What fits into the pages already there can still be written. */
  fill(): void {
    // SQLite never takes a limit below the present size, so 1 means "no more than now".
    this.database?.pragma('max_page_count = 1');
  }

  free(): void {
    this.database?.pragma(`max_page_count = ${ROOMY_PAGES}`);
  }
}

/** What only the SQLite store promises; what every store promises is in test/contracts. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Database } from 'better-sqlite3';
import { Sqlite } from './sqlite-driver.js';
import { ManualClock } from '../../../test/support/manual-clock.js';
import { SmallDisk } from '../../../test/support/small-disk.js';
import { newRecord } from '../provisioning/domain/model.js';
import { StateUnavailableError } from '../provisioning/ports/state-store.port.js';
import { MIGRATIONS } from './sqlite-schema.js';
import { SqliteStateStore } from './sqlite-state-store.js';

const EVENT = { atMs: 1, from: 'absent', to: 'creating', reason: 'a request', cause: 'request', actor: null } as const;

describe('SqliteStateStore', () => {
  const clock = new ManualClock();
  let root: string;
  let stores: SqliteStateStore[];

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'sqlite-store-'));
    stores = [];
  });

  afterEach(async () => {
    for (const store of stores) await store.close();
    rmSync(root, { recursive: true });
  });

  const storeIn = (dir: string, pool = 'default', disk = new SmallDisk()): SqliteStateStore => {
    const store = new SqliteStateStore({ dir, pool, clock, onConnection: disk.onConnection });
    stores.push(store);
    return store;
  };
  const opened = async (dir = root, pool?: string, disk?: SmallDisk): Promise<SqliteStateStore> => {
    const store = storeIn(dir, pool, disk);
    await store.open();
    return store;
  };
  const lease = async (store: SqliteStateStore): Promise<number> =>
    (await store.acquireLease('boot', 15_000))?.epoch ?? Number.NaN;
  /** Works on state.db behind the store's back; the store must be closed or idle. */
  const withDatabase = <T>(work: (database: Database) => T): T => {
    const database = new Sqlite(join(root, 'state.db'));
    try {
      return work(database);
    } finally {
      database.close();
    }
  };
  const failureOf = async (attempt: Promise<unknown>): Promise<Error> => {
    const error = await attempt.then(
      () => new Error('it did not fail'),
      (reason: unknown) => reason as Error,
    );
    expect(error).toBeInstanceOf(StateUnavailableError);
    return error;
  };

  describe('the folder', () => {
    it('is created where it is missing, for this user alone', async () => {
      const dir = join(root, 'a', 'b');
      await opened(dir);
      expect(statSync(dir).mode & 0o777).toBe(0o700);
    });

    it('holds a database in WAL mode that syncs each commit', async () => {
      const store = await opened();
      await store.commit(0, await lease(store), { wanted: true, phase: 'creating', instanceId: 'i-1' }, []);
      await store.close();
      expect(withDatabase((database) => database.pragma('journal_mode', { simple: true }))).toBe('wal');
      expect(withDatabase((database) => database.prepare('SELECT phase, wanted, instance_id FROM slot').get())).toEqual(
        {
          phase: 'creating',
          wanted: 1,
          instance_id: 'i-1',
        },
      );
    });

    it('serves one process: the next one is told so and gets it when the first has gone', async () => {
      const first = await opened();
      const second = storeIn(root);
      const error = await failureOf(second.open());
      expect(error.message).toBe(
        `The state folder ${root} is unusable: another process uses it, and a folder serves one gateway process (SQLITE_BUSY).`,
      );
      await first.close();
      await second.open();
      expect(await second.read()).toBeNull();
    });

    it('keeps pools apart and shares the owner between them', async () => {
      const first = await opened(root, 'first');
      await first.commit(0, await lease(first), { wanted: true }, [EVENT]);
      const owner = await first.ownerId();
      await first.close();
      const second = await opened(root, 'second');
      expect([await second.read(), await second.events(0, 10)]).toEqual([null, []]);
      expect(await second.ownerId()).toBe(owner);
    });

    it('that lies below a regular file is named in the error, and is used as soon as it can be made', async () => {
      const file = join(root, 'file');
      writeFileSync(file, '');
      const store = storeIn(join(file, 'state'));
      const error = await failureOf(store.open());
      expect(error.message).toBe(`The state folder ${join(file, 'state')} is unusable: it cannot be opened (ENOTDIR).`);
      rmSync(file);
      await store.open();
      expect(await store.read()).toBeNull();
    });
  });

  describe('a medium that fails while the gateway runs', () => {
    it('refuses writes on a full disk, still reads, and goes on by itself when there is room again', async () => {
      const disk = new SmallDisk();
      const store = await opened(root, 'default', disk);
      const epoch = await lease(store);
      await store.commit(0, epoch, { reason: 'before' }, [EVENT]);
      disk.fill();
      const error = await failureOf(store.commit(1, epoch, { reason: 'x'.repeat(100_000) }, [EVENT]));
      expect(error.message).toBe(`The state folder ${root} is unusable: the disk is full (SQLITE_FULL).`);
      expect((await store.read())?.record.reason).toBe('before');
      disk.free();
      expect(await store.commit(1, epoch, { reason: 'after' }, [EVENT])).toEqual({ ok: true, version: 2 });
    });

    it('refuses every write on a read-only medium, still reads, and goes on when it is writable again', async () => {
      let connection: Database | undefined;
      const store = new SqliteStateStore({
        dir: root,
        pool: 'default',
        clock,
        onConnection: (one) => (connection = one),
      });
      stores.push(store);
      await store.open();
      const epoch = await lease(store);
      connection?.pragma('query_only = true');
      const writes = [
        () => store.commit(0, epoch, {}, []),
        () => store.intent(epoch, 0, 'create'),
        () => store.renewLease('boot', epoch, 15_000),
        () => store.heartbeat({ bootId: 'boot', inFlight: 0, lastActivityMs: null }),
        () => store.ownerId(),
      ];
      for (const write of writes) expect((await failureOf(write())).message).toContain('it cannot be written');
      expect(await store.read()).toBeNull();
      connection?.pragma('query_only = false');
      expect(await store.commit(0, epoch, {}, [])).toEqual({ ok: true, version: 1 });
    });
  });

  describe('a database that is not to be trusted', () => {
    it('is refused and left untouched when it is no database', async () => {
      const text = 'these are somebody’s notes, not a database. '.repeat(100);
      writeFileSync(join(root, 'state.db'), text);
      const error = await failureOf(storeIn(root).open());
      expect(error.message).toContain('state.db is damaged and left as it is');
      expect(readFileSync(join(root, 'state.db'), 'utf8')).toBe(text);
    });

    it('is refused and left untouched when a page of it is damaged', async () => {
      const store = await opened();
      await store.commit(0, await lease(store), {}, [EVENT]);
      await store.close();
      const bytes = readFileSync(join(root, 'state.db'));
      bytes.fill(0xff, 4096, 8192);
      writeFileSync(join(root, 'state.db'), bytes);
      const error = await failureOf(storeIn(root).open());
      expect(error.message).toContain('damaged');
      expect(readFileSync(join(root, 'state.db')).equals(bytes)).toBe(true);
    });

    it('is refused and left untouched when a newer gateway wrote it', async () => {
      await (await opened()).close();
      withDatabase((database) => database.pragma(`user_version = ${MIGRATIONS.length + 1}`));
      const bytes = readFileSync(join(root, 'state.db'));
      const error = await failureOf(storeIn(root).open());
      expect(error.message).toContain('was written by a newer version of the gateway');
      expect(readFileSync(join(root, 'state.db')).equals(bytes)).toBe(true);
    });

    it('does not keep the folder locked after a refusal', async () => {
      mkdirSync(join(root, 'state.db'));
      const store = storeIn(root);
      await failureOf(store.open());
      rmSync(join(root, 'state.db'), { recursive: true });
      await store.open();
      expect(await store.read()).toBeNull();
    });
  });

  it('completes a record of an older version with the defaults of the fields it did not know', async () => {
    const store = await opened();
    await store.commit(0, await lease(store), { phase: 'ready', instanceId: 'i-1' }, []);
    await store.close();
    withDatabase((database) =>
      database.prepare(`UPDATE slot SET record = '{"phase":"stopped","phaseSinceMs":7}'`).run(),
    );
    const next = await opened();
    expect((await next.read())?.record).toEqual({ ...newRecord(7), phase: 'stopped' });
    const epoch = await lease(next);
    await next.commit(1, epoch, { wanted: true }, []);
    expect((await next.read())?.record).toEqual({ ...newRecord(7), phase: 'stopped', wanted: true });
  });

  it('lets nobody change or delete an event, not even with a shell', async () => {
    const store = await opened();
    await store.commit(0, await lease(store), {}, [EVENT]);
    await store.close();
    for (const sql of [`UPDATE audit_event SET reason = 'nicer'`, 'DELETE FROM audit_event']) {
      expect(() => withDatabase((database) => database.exec(sql))).toThrow('audit_event is append-only');
    }
    expect(await (await opened()).events(0, 10)).toHaveLength(1);
  });
});

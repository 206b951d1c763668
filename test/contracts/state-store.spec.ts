/** Runs the state store contract over its adapters. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MemoryStateStore } from '../../src/modules/state-store/memory-state-store.js';
import { SqliteStateStore } from '../../src/modules/state-store/sqlite-state-store.js';
import { SmallDisk } from '../support/small-disk.js';
import { stateStoreContract } from './state-store.contract.js';
import type { MakeStateStore } from './state-store-under-test.js';

const memory: MakeStateStore = (clock) => {
  const settings: { clock: typeof clock; owner: string | null } = { clock, owner: null };
  const store = new MemoryStateStore(settings);
  return {
    store,
    failWrites: (failing) => store.failWrites(failing ? 'The disk is full.' : null),
    reopen: async (owner) => {
      await store.close();
      settings.owner = owner ?? null;
      await store.open();
      return store;
    },
    dispose: () => store.close(),
  };
};

const sqlite: MakeStateStore = (clock) => {
  const dir = mkdtempSync(join(tmpdir(), 'state-contract-'));
  const disk = new SmallDisk();
  const make = (owner?: string) =>
    new SqliteStateStore({ dir, pool: 'default', clock, owner, onConnection: disk.onConnection });
  const store = make();
  let current = store;
  return {
    store,
    failWrites: (failing) => (failing ? disk.fill() : disk.free()),
    reopen: async (owner) => {
      await current.close();
      current = make(owner);
      await current.open();
      return current;
    },
    dispose: async () => {
      await current.close();
      rmSync(dir, { recursive: true });
    },
  };
};

stateStoreContract('memory', memory);
stateStoreContract('SQLite', sqlite);

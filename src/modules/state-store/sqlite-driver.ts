/**
 * The SQLite binding for the Node that runs. better-sqlite3 12 aborts the process on Node 24 when its objects are collected
 * (`RemoveEnvironmentCleanupHook`, WiseLibs/better-sqlite3#1515); 13, which is built on Node-API, does not, but crashes
 * below Node 22. Both have the same interface. One goes when Node 20 does (ADR 0010).
 */
import type Sqlite3 from 'better-sqlite3';

const nodeMajor = Number(process.versions.node.split('.')[0]);
const loaded: unknown = nodeMajor >= 22 ? await import('better-sqlite3-napi') : await import('better-sqlite3');

export const Sqlite = (loaded as { default: typeof Sqlite3 }).default;

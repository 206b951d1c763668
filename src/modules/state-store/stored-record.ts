/**
 * The stored form of a pool record: JSON, so that a new field needs no migration. Shared by the adapters, so that a
 * record means the same in both. Knows nothing of any medium.
 */
import { newRecord, type PoolRecord } from '../provisioning/domain/model.js';

/** The record before the first commit when `json` is null. Fields that an older version did not know get their defaults. */
export function decodeRecord(json: string | null, nowMs: number): PoolRecord {
  return { ...newRecord(nowMs), ...(json === null ? {} : (JSON.parse(json) as Partial<PoolRecord>)) };
}

/** The JSON of `json` changed by `patch`; a field set to `undefined` falls back to its default. */
export function encodePatched(json: string | null, patch: Partial<PoolRecord>, nowMs: number): string {
  return JSON.stringify({ ...decodeRecord(json, nowMs), ...patch });
}

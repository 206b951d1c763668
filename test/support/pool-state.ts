/** States, views and events of the pure core, with what a test does not care about filled in. */
import type { Context, PoolState } from '../../src/modules/provisioning/domain/draft.js';
import { NO_SENSES, type Senses } from '../../src/modules/provisioning/domain/senses.js';
import type { Fault, PoolEvent } from '../../src/modules/provisioning/domain/events.js';
import { newRecord, type PoolRecord } from '../../src/modules/provisioning/domain/model.js';
import { timingsAt } from '../../src/modules/provisioning/domain/timings.js';
import type { CloudMachine, CloudView } from '../../src/modules/provisioning/ports/cloud.port.js';
import { MIN } from './lifecycle-suite.js';

export const NOW = 1_800_000_000_000;

export const context: Context = {
  nowMs: NOW,
  random: 0.5,
  newId: 'fresh-id',
  traffic: { open: 0, lastActivityMs: null },
  policy: {
    owner: 'us',
    adoptOwner: null,
    fingerprint: 'fp',
    linkEpoch: 1,
    linkEpochs: [1],
    idleTimeoutMs: 30 * MIN,
    unclaimedMs: 10 * MIN,
    idleAction: 'stop',
    destroyAfterMs: 0,
    maxStartsPerHour: 6,
    timings: timingsAt(1),
  },
};

export const OURS: CloudMachine = {
  id: 'i-1',
  name: null,
  status: 'stopped',
  address: '10.0.0.1',
  createdAtMs: 0,
  owner: 'us',
  launchId: 'l-1',
  fingerprint: 'fp',
  linkEpoch: 1,
};

export function view(recorded: CloudMachine | null, pool: CloudMachine[] = recorded ? [recorded] : []): CloudView {
  return { recorded, pool, named: [], operation: null };
}

export function state(record: Partial<PoolRecord>, senses: Partial<Senses> = {}): PoolState {
  return {
    record: { ...newRecord(NOW - MIN), ...record },
    senses: { ...NO_SENSES, ...senses },
  };
}

export const recorded = {
  instanceId: 'i-1',
  launchId: 'l-1',
  fingerprint: 'fp',
  linkEpoch: 1,
  lastWakeMs: NOW,
} as const;
export const looked = (seen: CloudView): PoolEvent => ({ type: 'looked', seq: 0, view: seen });

export function fault(patch: Partial<Fault>): Fault {
  return { code: 'cloud_unavailable', message: 'it said no', conflict: false, gone: false, ambiguous: false, ...patch };
}

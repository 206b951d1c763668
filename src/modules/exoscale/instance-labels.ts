/**
 * The labels by which the gateway finds its machines again (architecture.md §3), and an instance in the words of the port.
 * Pure.
 */
import type { CloudMachine, LaunchRequest } from '../provisioning/ports/cloud.port.js';
import type { ApiInstance } from './api/api-types.js';

const MANAGED_BY = 'ollama-exoscale';

/** What a machine is made with; the same for every machine of one configuration. */
export interface Make {
  fingerprint: string;
  /** Epoch of the link keys; 0 = the plain link. */
  linkEpoch: number;
}

export function labelsOf(pool: string, make: Make, request: LaunchRequest): Record<string, string> {
  return {
    'managed-by': MANAGED_BY,
    pool,
    owner: request.owner,
    'launch-id': request.launchId,
    'link-epoch': String(make.linkEpoch),
    fingerprint: make.fingerprint,
  };
}

/**
 * The labels of an adopted instance: its own and ours, but what it was made with stays, so that a machine made for another
 * configuration is still replaced when it is idle. One that no gateway has made has no link keys.
 */
export function adoptedLabelsOf(instance: ApiInstance, ours: Record<string, string>): Record<string, string> {
  const own = instance.labels ?? {};
  if (!isManaged(instance)) return { ...own, ...ours, 'link-epoch': '0' };
  const { fingerprint = ours.fingerprint ?? '', 'link-epoch': linkEpoch = '0' } = own;
  return { ...own, ...ours, fingerprint, 'link-epoch': linkEpoch };
}

export function isManaged(instance: ApiInstance): boolean {
  return instance.labels?.['managed-by'] === MANAGED_BY;
}

export function isOfPool(instance: ApiInstance, pool: string): boolean {
  return isManaged(instance) && instance.labels?.pool === pool;
}

/** Label fields are read only where the labels are ours: an `owner` label of somebody else means something else. */
export function machineOf(instance: ApiInstance): CloudMachine {
  const labels = isManaged(instance) ? (instance.labels ?? {}) : {};
  return {
    id: instance.id ?? '',
    name: instance.name ?? null,
    status: instance.state ?? 'unknown',
    address: instance['public-ip'] ?? null,
    createdAtMs: Date.parse(instance['created-at'] ?? '') || 0,
    owner: labels.owner ?? null,
    launchId: labels['launch-id'] ?? null,
    fingerprint: labels.fingerprint ?? null,
    linkEpoch: epochOf(labels['link-epoch']),
  };
}

function epochOf(label: string | undefined): number | null {
  return label !== undefined && /^\d{1,6}$/.test(label) ? Number(label) : null;
}

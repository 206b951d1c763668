/**
 * The labels by which the gateway finds its machines again (architecture.md §3), and an instance in the words of the port.
 * Pure.
 */
import type { CloudMachine, LaunchRequest } from '../provisioning/ports/cloud.port.js';
import type { ApiInstance } from './api/api-types.js';

const MANAGED_BY = 'ollama-exoscale';

/** The link of this release has no keys, so there is no epoch of them yet. */
const LINK_EPOCH = '0';

export function labelsOf(pool: string, fingerprint: string, request: LaunchRequest): Record<string, string> {
  return {
    'managed-by': MANAGED_BY,
    pool,
    owner: request.owner,
    'launch-id': request.launchId,
    'link-epoch': LINK_EPOCH,
    fingerprint,
  };
}

/**
 * The labels of an adopted instance: its own, ours, and the fingerprint it was made with, so that a machine made for
 * another configuration is still replaced when it is idle.
 */
export function adoptedLabelsOf(instance: ApiInstance, ours: Record<string, string>): Record<string, string> {
  const own = instance.labels ?? {};
  const fingerprint = isManaged(instance) ? own.fingerprint : undefined;
  return { ...own, ...ours, ...(fingerprint === undefined ? {} : { fingerprint }) };
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
  };
}

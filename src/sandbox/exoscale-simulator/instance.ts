/** An instance of the simulated cloud and its two wire forms. Knows nothing of how it changes. */

export const INSTANCE_STATES = [
  'starting',
  'running',
  'stopping',
  'stopped',
  'migrating',
  'error',
  'destroying',
  'destroyed',
  'expunging',
] as const;
export type InstanceState = (typeof INSTANCE_STATES)[number];

export interface Instance {
  id: string;
  /** Optional and not unique. */
  name: string | null;
  state: InstanceState;
  createdAtMs: number;
  /** Null until the first start. A stopped instance keeps showing its last address, which is not the next one. */
  publicIp: string | null;
  typeId: string;
  templateId: string;
  diskSizeGib: number;
  labels: Record<string, string>;
  securityGroupIds: string[];
  sshKeyNames: string[];
  /** Base64, as it was sent. */
  userData: string | null;
}

/** An item of list-instances: lacks disk size, user-data and more (exoscale-api.md §2.1). */
export function renderListItem(one: Instance): object {
  return {
    id: one.id,
    ...(one.name !== null && { name: one.name }),
    state: one.state,
    'created-at': new Date(one.createdAtMs).toISOString().replace(/\.\d+Z$/, 'Z'),
    ...(one.publicIp !== null && { 'public-ip': one.publicIp }),
    'public-ip-assignment': 'inet4',
    // Only the ids: every official client resolves types and templates again, so the rest is not promised.
    'instance-type': { id: one.typeId },
    template: { id: one.templateId },
    labels: one.labels,
    'ssh-keys': one.sshKeyNames.map((name) => ({ name })),
    'security-groups': one.securityGroupIds.map((id) => ({ id })),
    'private-networks': [],
  };
}

/** The answer of get-instance. */
export function renderInstance(one: Instance): object {
  return {
    ...renderListItem(one),
    'disk-size': one.diskSizeGib,
    'disk-encrypted': false,
    ...(one.userData !== null && { 'user-data': one.userData }),
    'anti-affinity-groups': [],
    'elastic-ips': [],
    snapshots: [],
    'secureboot-enabled': false,
    'tpm-enabled': false,
    'application-consistent-snapshot-enabled': false,
  };
}

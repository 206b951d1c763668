/**
 * The shapes of the Exoscale API as far as they are read here. Everything is optional: the documentation and the live API
 * differ in what they leave out (exoscale-api.md §2).
 */

interface ApiReference {
  id?: string;
}

export interface ApiOperation {
  id?: string;
  state?: string;
  /** The affected resource; set from the first answer of create-instance on. */
  reference?: ApiReference;
  reason?: string;
  message?: string;
}

export interface ApiZone {
  name?: string;
}

/** There is no name: people write `family.size`. */
export interface ApiInstanceType {
  id?: string;
  family?: string;
  size?: string;
  /** Absent on types without GPU. */
  gpus?: number;
  /** Absent or true means usable. */
  authorized?: boolean;
  zones?: string[];
}

export interface ApiTemplate {
  id?: string;
  name?: string;
  'created-at'?: string;
}

export interface ApiQuota {
  resource?: string;
  usage?: number;
  /** -1 = unlimited. */
  limit?: number;
}

export interface ApiSecurityGroup {
  id?: string;
  name?: string;
  rules?: ApiSecurityGroupRule[];
}

export interface ApiSecurityGroupRule {
  id?: string;
  'flow-direction'?: string;
  protocol?: string;
  'start-port'?: number;
  'end-port'?: number;
  network?: string;
  description?: string;
}

export interface ApiInstance {
  id?: string;
  name?: string;
  state?: string;
  'created-at'?: string;
  'public-ip'?: string;
  labels?: Record<string, string> | null;
}

/** Body of create-instance. */
export interface NewInstance {
  name: string;
  'instance-type': { id: string };
  template: { id: string };
  'disk-size': number;
  'security-groups'?: { id: string }[];
  'ssh-keys'?: { name: string }[];
  'user-data'?: string;
  labels: Record<string, string>;
  'auto-start': boolean;
  'public-ip-assignment': 'inet4';
}

/** Body of update-instance; labels replace the whole map. */
export interface InstancePatch {
  labels?: Record<string, string>;
  'user-data'?: string;
}

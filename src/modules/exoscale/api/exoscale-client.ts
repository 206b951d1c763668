/**
 * The calls of the Exoscale API that the gateway makes, one method each. Reads are repeated when they fail for a passing
 * reason, changes are sent once. Knows nothing of pools, labels or the lifecycle.
 */
import { CloudError } from '../../provisioning/ports/cloud.port.js';
import type { ApiCall, ApiTransport } from './api-transport.js';
import type {
  ApiInstance,
  ApiInstanceType,
  ApiOperation,
  ApiQuota,
  ApiSecurityGroup,
  ApiSecurityGroupRule,
  ApiTemplate,
  ApiZone,
  InstancePatch,
  NewInstance,
} from './api-types.js';
import type { CallKind } from './exoscale-errors.js';
import { retriedRead, type RetryOptions } from './retried-read.js';

export class ExoscaleClient {
  constructor(
    private readonly transport: ApiTransport,
    private readonly retries: RetryOptions,
    /** Base URL of the zone that is asked about zones. */
    private readonly referenceUrl: string,
  ) {}

  /** How far the API's clock is ahead of ours, in ms; null before its first answer. */
  get clockOffsetMs(): number | null {
    return this.transport.clockOffsetMs;
  }

  listZones(): Promise<ApiZone[]> {
    return this.list('list-zones', '/zone', 'zones', { signed: false, baseUrl: this.referenceUrl });
  }

  /** Every type there is, whoever asks. */
  listInstanceTypes(): Promise<ApiInstanceType[]> {
    return this.list('list-instance-types', '/instance-type', 'instance-types', { signed: false });
  }

  /** The types that this organization may use. */
  listUsableInstanceTypes(): Promise<ApiInstanceType[]> {
    return this.list('list-instance-types', '/instance-type', 'instance-types');
  }

  listTemplates(visibility: 'public' | 'private'): Promise<ApiTemplate[]> {
    return this.list('list-templates', '/template', 'templates', { query: { visibility } });
  }

  /** Null where the API keeps no quota of this name. */
  getQuota(resource: string): Promise<ApiQuota | null> {
    return this.find('get-quota', `/quota/${encodeURIComponent(resource)}`);
  }

  listQuotas(): Promise<ApiQuota[]> {
    return this.list('list-quotas', '/quota', 'quotas');
  }

  listSecurityGroups(): Promise<ApiSecurityGroup[]> {
    return this.list('list-security-groups', '/security-group', 'security-groups');
  }

  getSecurityGroup(id: string): Promise<ApiSecurityGroup | null> {
    return this.find('get-security-group', `/security-group/${encodeURIComponent(id)}`);
  }

  createSecurityGroup(group: { name: string; description: string }): Promise<ApiOperation> {
    return this.change('create-security-group', 'edit', 'POST', '/security-group', group);
  }

  addRule(groupId: string, rule: ApiSecurityGroupRule): Promise<ApiOperation> {
    const path = `/security-group/${encodeURIComponent(groupId)}/rules`;
    return this.change('add-rule-to-security-group', 'edit', 'POST', path, rule);
  }

  deleteRule(groupId: string, ruleId: string): Promise<ApiOperation> {
    const path = `/security-group/${encodeURIComponent(groupId)}/rules/${encodeURIComponent(ruleId)}`;
    return this.change('delete-rule-from-security-group', 'edit', 'DELETE', path);
  }

  deleteSecurityGroup(id: string): Promise<ApiOperation> {
    return this.change('delete-security-group', 'edit', 'DELETE', `/security-group/${encodeURIComponent(id)}`);
  }

  /** All instances of the zone; the filter syntax of the API is a trap (coordination-and-link.md §1.6). */
  listInstances(): Promise<ApiInstance[]> {
    return this.list('list-instances', '/instance', 'instances');
  }

  getInstance(id: string): Promise<ApiInstance | null> {
    return this.find('get-instance', instancePath(id));
  }

  createInstance(instance: NewInstance): Promise<ApiOperation> {
    return this.change('create-instance', 'create', 'POST', '/instance', instance);
  }

  startInstance(id: string): Promise<ApiOperation> {
    return this.change('start-instance', 'start', 'PUT', `${instancePath(id)}:start`, {});
  }

  stopInstance(id: string): Promise<ApiOperation> {
    return this.change('stop-instance', 'act', 'PUT', `${instancePath(id)}:stop`);
  }

  deleteInstance(id: string): Promise<ApiOperation> {
    return this.change('delete-instance', 'act', 'DELETE', instancePath(id));
  }

  updateInstance(id: string, patch: InstancePatch): Promise<ApiOperation> {
    return this.change('update-instance', 'edit', 'PUT', instancePath(id), patch);
  }

  getOperation(id: string): Promise<ApiOperation | null> {
    return this.find('get-operation', `/operation/${encodeURIComponent(id)}`);
  }

  private async list<T extends object>(
    operation: string,
    path: string,
    key: string,
    call: Partial<ApiCall> = {},
  ): Promise<T[]> {
    const answer = await this.read(operation, path, call);
    const items = answer[key];
    // An answer without its list must never read as "there is no machine".
    if (!Array.isArray(items)) throw new CloudError('transient', `Exoscale answered ${operation} without ${key}`);
    return items.filter((item): item is T => typeof item === 'object' && item !== null);
  }

  /** Null for 404: the official clients treat it as an answer, too. */
  private async find<T extends object>(operation: string, path: string): Promise<T | null> {
    try {
      return (await this.read(operation, path)) as T;
    } catch (error) {
      if (error instanceof CloudError && error.kind === 'not_found') return null;
      throw error;
    }
  }

  private read(operation: string, path: string, call: Partial<ApiCall> = {}): Promise<Record<string, unknown>> {
    const whole: ApiCall = { operation, kind: 'read', method: 'GET', path, signed: true, ...call };
    return retriedRead(() => this.transport.send(whole), this.retries);
  }

  private change(
    operation: string,
    kind: CallKind,
    method: ApiCall['method'],
    path: string,
    body?: object,
  ): Promise<ApiOperation> {
    const content = body === undefined ? {} : { body };
    return this.transport.send({ operation, kind, method, path, signed: true, ...content });
  }
}

function instancePath(id: string): string {
  return `/instance/${encodeURIComponent(id)}`;
}

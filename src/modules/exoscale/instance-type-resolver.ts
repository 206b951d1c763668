/**
 * Finds the configured instance type and says precisely why it cannot be had. The signed list simply leaves out what an
 * organization may not use, so the unsigned list, the quota and the signed list are asked in this order
 * (exoscale-api.md §2.2, §2.12).
 */
import { CloudError } from '../provisioning/ports/cloud.port.js';
import type { ApiInstanceType, ApiQuota } from './api/api-types.js';
import type { ExoscaleClient } from './api/exoscale-client.js';
import { nameList } from './name-list.js';
import type { ZoneCheck } from './zone-check.js';

export interface InstanceType {
  id: string;
  /** The full name, such as `gpua5000.small`. */
  name: string;
  family: string;
  gpu: boolean;
}

export class InstanceTypeResolver {
  constructor(
    private readonly client: ExoscaleClient,
    private readonly zoneCheck: ZoneCheck,
    private readonly zone: string,
  ) {}

  /**
   * The usable type of this name.
   * @throws CloudError `invalid_type`, `invalid_zone`, `quota_exceeded` or `type_not_authorized`
   */
  async resolve(name: string): Promise<InstanceType> {
    const type = await this.find(name);
    await this.checkQuota(type);
    await this.checkAuthorized(type);
    return type;
  }

  /** The type as everybody sees it: exists, and is offered in the zone. */
  async find(name: string): Promise<InstanceType> {
    const types = await this.client.listInstanceTypes();
    const here = types.filter((type) => type.zones?.includes(this.zone));
    if (here.length === 0) {
      const unknownZone = await this.zoneCheck.unknownZone();
      if (unknownZone) throw unknownZone;
    }
    const found = named(here, name) ?? named(here, `gpu${name}`);
    if (found?.id && found.family) {
      const { id, family, gpus = 0 } = found;
      // By the name as well: a GPU that is paid for and has no driver would be the worst of both.
      return { id, name: nameOf(found), family, gpu: gpus > 0 || family.startsWith('gpu') };
    }
    const elsewhere = named(types, name) ?? named(types, `gpu${name}`);
    const problem = elsewhere
      ? `${nameOf(elsewhere)} is not offered in ${this.zone}, but in ${nameList(elsewhere.zones ?? [])}`
      : `EXOSCALE_INSTANCE_TYPE ${name} does not exist`;
    throw new CloudError('invalid', `${problem}; ${this.zone} has ${nameList(here.map(nameOf))}`, {
      code: 'invalid_type',
    });
  }

  /**
   * The quota of the type, or null where there is none: only GPU families have one.
   * @throws CloudError `quota_exceeded` when it is zero
   */
  async checkQuota(type: InstanceType): Promise<ApiQuota | null> {
    if (!type.gpu) return null;
    const quota = await this.quotaOf(type.family);
    if (quota?.limit !== 0) return quota;
    const message =
      `The quota for ${type.family} of this organization is 0. ` +
      'GPU quotas are 0 until Exoscale support raises them: open a ticket in the portal';
    throw new CloudError('quota', message, { code: 'quota_exceeded' });
  }

  /** @throws CloudError `type_not_authorized` when the organization may not use the type */
  async checkAuthorized(type: InstanceType): Promise<void> {
    const usable = (await this.client.listUsableInstanceTypes()).find((one) => one.id === type.id);
    if (usable && usable.authorized !== false) return;
    const message = `The organization is not authorized for ${type.name}: ask Exoscale support to enable it`;
    throw new CloudError('invalid', message, { code: 'type_not_authorized' });
  }

  /** A key that may make machines but not read quotas is good enough: the API judges the create itself. */
  private async quotaOf(family: string): Promise<ApiQuota | null> {
    try {
      return await this.client.getQuota(family);
    } catch (error) {
      if (error instanceof CloudError && error.kind === 'auth') return null;
      throw error;
    }
  }
}

function named(types: readonly ApiInstanceType[], name: string): ApiInstanceType | undefined {
  return types.find((type) => nameOf(type) === name);
}

function nameOf(type: ApiInstanceType): string {
  return `${type.family}.${type.size}`;
}

/**
 * Read-only look at the account before anybody needs it: whatever would make a wake fail is said at start-up already.
 * Changes nothing and never rejects; a check that cannot be made is a finding, too.
 */
import { CloudError, type CloudFinding } from '../provisioning/ports/cloud.port.js';
import type { ExoscaleClient } from './api/exoscale-client.js';
import type { ExoscaleSettings } from './exoscale-settings.js';
import { clockFinding, error, leftovers, ok, quotaFinding, warning } from './findings.js';
import type { InstanceType, InstanceTypeResolver } from './instance-type-resolver.js';
import { resolveTemplate } from './template-resolver.js';
import type { ZoneCheck } from './zone-check.js';

export class Preflight {
  constructor(
    private readonly client: ExoscaleClient,
    private readonly types: InstanceTypeResolver,
    private readonly zoneCheck: ZoneCheck,
    private readonly settings: Pick<ExoscaleSettings, 'zone' | 'instanceType' | 'template' | 'pool' | 'adoptName'>,
  ) {}

  /** The findings in the order in which a person would mend them. */
  async run(owner: string): Promise<CloudFinding[]> {
    const [account, zone, type, template] = await Promise.all([
      checked('credentials', () => this.checkAccount(owner)),
      checked('zone', () => this.checkZone()),
      checked('instance_type', () => this.checkType()),
      checked('template', () => this.checkTemplate()),
    ]);
    const [credentials, ...leftBehind] = account;
    // A wrong zone has no types either: once is enough.
    const typeOrQuota = type.filter((finding) => finding.code !== 'invalid_zone');
    const clock = clockFinding(this.client.clockOffsetMs);
    return [...(credentials ? [credentials] : []), clock, ...zone, ...typeOrQuota, ...template, ...leftBehind];
  }

  private async checkAccount(owner: string): Promise<CloudFinding[]> {
    const instances = await this.client.listInstances();
    return [ok('credentials', 'the API accepts the key'), ...leftovers(instances, { ...this.settings, owner })];
  }

  private async checkZone(): Promise<CloudFinding[]> {
    const unknownZone = await this.zoneCheck.unknownZone();
    return [unknownZone ? error('zone', 'invalid_zone', unknownZone.message) : ok('zone', this.settings.zone)];
  }

  private async checkType(): Promise<CloudFinding[]> {
    const type = await this.types.find(this.settings.instanceType);
    const quota = await checked('quota', async () => [quotaFinding(type.family, await this.types.checkQuota(type))]);
    // With a quota of zero the signed list leaves the type out: that would be the same news twice.
    if (quota.some((finding) => finding.level === 'error')) return quota;
    return [...(await checked('instance_type', () => this.checkAuthorized(type))), ...quota];
  }

  private async checkAuthorized(type: InstanceType): Promise<CloudFinding[]> {
    await this.types.checkAuthorized(type);
    return [ok('instance_type', `${type.name} is offered here and authorized`)];
  }

  private async checkTemplate(): Promise<CloudFinding[]> {
    const { createdAt } = await resolveTemplate(this.client, this.settings.template);
    return [ok('template', `${this.settings.template}, built ${createdAt || 'at an unknown time'}`)];
  }
}

/** The findings of a check, or the finding that it failed. */
async function checked(check: CloudFinding['check'], make: () => Promise<CloudFinding[]>): Promise<CloudFinding[]> {
  try {
    return await make();
  } catch (cause) {
    if (!(cause instanceof CloudError)) return [warning(check, `could not be checked: ${String(cause)}`)];
    const code = cause.details.code ?? (cause.kind === 'auth' ? 'auth' : null);
    return [code ? error(check, code, cause.message) : warning(check, `could not be checked: ${cause.message}`)];
  }
}

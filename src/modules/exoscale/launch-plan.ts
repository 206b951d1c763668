/**
 * Prepares a create: everything that is looked up or made before the one POST that costs money. All of it is harmless to
 * repeat, so no failure in here is ambiguous.
 */
import type { MachineLink } from '../link/machine-link.js';
import { CloudError, type LaunchRequest } from '../provisioning/ports/cloud.port.js';
import type { NewInstance } from './api/api-types.js';
import type { ExoscaleClient } from './api/exoscale-client.js';
import type { ExoscaleSettings } from './exoscale-settings.js';
import { labelsOf, type Make } from './instance-labels.js';
import type { InstanceTypeResolver } from './instance-type-resolver.js';
import type { SecurityGroupKeeper } from './security-group.js';
import { resolveTemplate } from './template-resolver.js';
import { renderUserData } from './user-data/render-user-data.js';

export class LaunchPlanner {
  constructor(
    private readonly client: ExoscaleClient,
    private readonly types: InstanceTypeResolver,
    private readonly securityGroups: SecurityGroupKeeper,
    private readonly settings: ExoscaleSettings,
    private readonly identity: { make: Make; link: MachineLink },
  ) {}

  /**
   * The body of create-instance.
   * @throws CloudError that is never `ambiguous`
   */
  async plan(request: LaunchRequest): Promise<NewInstance> {
    try {
      return await this.prepare(request);
    } catch (error) {
      if (!(error instanceof CloudError) || !error.details.ambiguous) throw error;
      throw new CloudError(error.kind, error.message, { ...error.details, ambiguous: false });
    }
  }

  private async prepare(request: LaunchRequest): Promise<NewInstance> {
    const { instanceType, template: templateName, diskSizeGib, pool, link } = this.settings;
    // The group last: nothing is made for a type or template that cannot be had.
    const type = await this.types.resolve(instanceType);
    const template = await resolveTemplate(this.client, templateName);
    const securityGroupId = await this.securityGroups.ensure(request.owner);
    const { sshKey } = this.settings;
    return {
      name: machineName(pool, request.launchId),
      'instance-type': { id: type.id },
      template: { id: template.id },
      'disk-size': diskSizeGib,
      'security-groups': [{ id: securityGroupId }],
      'public-ip-assignment': 'inet4',
      'auto-start': false,
      // Not `ssh-key`: the API calls that deprecated (exoscale-openapi-subset.json).
      ...(sshKey !== null && { 'ssh-keys': [{ name: sshKey }] }),
      labels: labelsOf(pool, this.identity.make, request),
      'user-data': renderUserData({
        launchId: request.launchId,
        gpu: type.gpu,
        linkPort: link.port,
        link: await this.identity.link.machineEnd(request.launchId),
        image: this.settings.image,
        ollamaEnv: { ...this.settings.ollamaEnv },
        idleTimeoutSec: this.settings.idleTimeoutSec,
      }),
    };
  }
}

/** Becomes the host name of the machine. */
function machineName(pool: string, launchId: string): string {
  return `olgw-${pool}-${launchId.slice(0, 8)}`;
}

/**
 * CloudPort over the Exoscale API. Translates between the two vocabularies and decides nothing: what to do with a machine
 * is the reconciler's business.
 */
import {
  type Accepted,
  CloudError,
  type CloudFinding,
  CloudPort,
  type CloudView,
  type LaunchRequest,
  type LookRequest,
} from '../provisioning/ports/cloud.port.js';
import type { ApiOperation } from './api/api-types.js';
import type { ExoscaleClient } from './api/exoscale-client.js';
import { operationState } from './api/exoscale-errors.js';
import type { ExoscaleSettings } from './exoscale-settings.js';
import { adoptedLabelsOf, isManaged, isOfPool, labelsOf, machineOf, type Make } from './instance-labels.js';
import type { LaunchPlanner } from './launch-plan.js';
import type { Preflight } from './preflight.js';
import type { ZoneCheck } from './zone-check.js';

export interface ExoscaleParts {
  client: ExoscaleClient;
  planner: LaunchPlanner;
  preflight: Preflight;
  zoneCheck: ZoneCheck;
}

export class ExoscaleCloud extends CloudPort {
  override readonly fingerprint: string;
  override readonly linkEpoch: number;

  constructor(
    private readonly parts: ExoscaleParts,
    private readonly settings: Pick<ExoscaleSettings, 'pool' | 'adoptName'>,
    private readonly make: Make,
    override readonly linkEpochs: readonly number[],
  ) {
    super();
    this.fingerprint = make.fingerprint;
    this.linkEpoch = make.linkEpoch;
  }

  override look(request: LookRequest): Promise<CloudView> {
    return this.explained(async () => {
      const { client } = this.parts;
      const { pool, adoptName } = this.settings;
      const [instances, recorded, operation] = await Promise.all([
        client.listInstances(),
        request.instanceId === null ? null : client.getInstance(request.instanceId),
        request.operationId === null ? null : client.getOperation(request.operationId),
      ]);
      const named = adoptName === null ? [] : instances.filter((one) => !isManaged(one) && one.name === adoptName);
      return {
        pool: instances.filter((one) => isOfPool(one, pool)).map(machineOf),
        named: named.map(machineOf),
        recorded: recorded && machineOf(recorded),
        operation: operation && operationState(operation),
      };
    });
  }

  override create(request: LaunchRequest): Promise<Accepted & { instanceId: string }> {
    return this.explained(async () => {
      const plan = await this.parts.planner.plan(request);
      const operation = await this.parts.client.createInstance(plan);
      const instanceId = operation.reference?.id;
      if (!instanceId) {
        throw new CloudError('unknown', 'Exoscale took the create without telling the instance', { ambiguous: true });
      }
      return { ...accepted(operation), instanceId };
    });
  }

  override start(instanceId: string): Promise<Accepted> {
    return this.explained(async () => accepted(await this.parts.client.startInstance(instanceId)));
  }

  override stop(instanceId: string): Promise<Accepted> {
    return this.explained(async () => accepted(await this.parts.client.stopInstance(instanceId)));
  }

  override destroy(instanceId: string): Promise<Accepted> {
    return this.explained(async () => {
      try {
        return accepted(await this.parts.client.deleteInstance(instanceId));
      } catch (error) {
        if (error instanceof CloudError && error.kind === 'not_found') return { operationId: null };
        throw error;
      }
    });
  }

  override label(instanceId: string, request: LaunchRequest): Promise<Accepted> {
    return this.explained(async () => {
      const instance = await this.parts.client.getInstance(instanceId);
      if (!instance) throw new CloudError('not_found', `There is no instance ${instanceId} to adopt`);
      const labels = adoptedLabelsOf(instance, labelsOf(this.settings.pool, this.make, request));
      return accepted(await this.parts.client.updateInstance(instanceId, { labels }));
    });
  }

  override preflight(owner: string): Promise<CloudFinding[]> {
    return this.parts.preflight.run(owner);
  }

  /** Keeps the promise that nothing but a CloudError comes out, with a wrong zone named as such. */
  private async explained<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (error) {
      const better = await this.parts.zoneCheck.explain(error);
      if (better instanceof CloudError) throw better;
      throw new CloudError('unknown', 'The gateway misread an answer of Exoscale', { cause: error });
    }
  }
}

function accepted(operation: ApiOperation): Accepted {
  return { operationId: operation.id ?? null };
}

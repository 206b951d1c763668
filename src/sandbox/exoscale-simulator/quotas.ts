/**
 * Quotas of the organization. A GPU quota is named like the family and is 0 until support raises it; the simulator
 * grants the GPU families of at-vie-2, so that the sandbox has something to start.
 */
import { ApiError } from './api-error.js';
import { GPU_FAMILIES, type InstanceType } from './instance-types.js';

const DEFAULTS: Readonly<Record<string, number>> = {
  instance: 20,
  template: 30,
  snapshot: 30,
  'elastic-ip': 5,
  'private-network': 32,
  'network-load-balancer': 5,
  cpu: -1,
  memory: -1,
  ...Object.fromEntries(GPU_FAMILIES.map((family) => [family, 0])),
  gpua5000: 2,
  gpu3080ti: 2,
};

export class Quotas {
  private readonly limits = new Map(Object.entries(DEFAULTS));

  /** @param inUse the types of all instances that exist, stopped ones included: they keep their claim */
  constructor(private readonly inUse: () => InstanceType[]) {}

  /** @param limit -1 for unlimited */
  set(resource: string, limit: number): void {
    this.limits.set(resource, limit);
  }

  list(): object {
    return { quotas: [...this.limits.keys()].map((resource) => this.get(resource)) };
  }

  get(resource: string): object {
    const limit = this.limits.get(resource);
    if (limit === undefined) throw ApiError.notFound();
    return { resource, usage: this.usage(resource), limit };
  }

  /** Whether the organization may use the family at all. */
  allows(family: string): boolean {
    return this.limits.get(family) !== 0;
  }

  /** @throws ApiError 409 when one more instance of the type goes over a quota */
  claim(type: InstanceType): void {
    this.claimOne('instance', 1);
    if (type.gpus > 0) this.claimOne(type.family, type.gpus);
  }

  private claimOne(resource: string, amount: number): void {
    const limit = this.limits.get(resource) ?? 0;
    if (limit < 0 || this.usage(resource) + amount <= limit) return;
    throw ApiError.classic(409, `Quota exceeded for ${resource}: limit ${limit}, in use ${this.usage(resource)}`);
  }

  /** GPU quotas count GPUs, the stricter reading of the two that the documentation allows. */
  private usage(resource: string): number {
    const types = this.inUse();
    if (resource === 'instance') return types.length;
    return types.filter((one) => one.family === resource).reduce((sum, one) => sum + one.gpus, 0);
  }
}

/**
 * What a test (or a person, over HTTP) may do to the simulated cloud behind the gateway's back, and what it may ask
 * about the gateway's behaviour. All answers are copies.
 */
import { randomUUID } from 'node:crypto';
import type { Clock } from '../../common/time/clock.js';
import type { BilledInterval } from './billing-meter.js';
import type { CallLog, RecordedCall } from './call-log.js';
import type { Fault, Faults } from './faults.js';
import type { Instance, InstanceState } from './instance.js';
import { typeName } from './instance-types.js';
import type { Organization } from './organization.js';
import { SOME_TEMPLATE_ID } from './templates.js';

/** What somebody else's instance is like, where it matters; `type` is `family.size`. */
export type ForeignInstance = Partial<Omit<Instance, 'id' | 'typeId'>> & { type?: string };

export class SimulatorControl {
  constructor(
    private readonly organization: Organization,
    private readonly pendingFaults: Faults,
    private readonly log: CallLog,
    private readonly clock: Clock,
  ) {}

  /** Orders a counted fault; see FaultKind. */
  fault(fault: Fault): void {
    this.pendingFaults.add(fault);
  }

  faults(): Fault[] {
    return this.pendingFaults.list();
  }

  clearFaults(): void {
    this.pendingFaults.clear();
  }

  /** @param resource such as `instance` or `gpua5000`; @param limit -1 for unlimited */
  setQuota(resource: string, limit: number): void {
    this.organization.quotas.set(resource, limit);
  }

  /** @param name `family.size` */
  setAuthorized(name: string, authorized: boolean): void {
    if (authorized) this.organization.unauthorized.delete(name);
    else this.organization.unauthorized.add(name);
  }

  setListLagMs(ms: number): void {
    this.organization.listLagMs = ms;
  }

  /** For operations that begin from now on. */
  setOperationMs(ms: number): void {
    this.organization.operations.durationMs = ms;
  }

  instances(): Instance[] {
    return this.organization.fleet.all();
  }

  /** Puts an instance there that the gateway has not made; answers its id. A stopped, unlabelled one by default. */
  async addInstance({ type, ...partial }: ForeignInstance = {}): Promise<string> {
    const instance: Instance = {
      id: randomUUID(),
      name: null,
      state: 'stopped',
      createdAtMs: this.clock.nowMs(),
      publicIp: null,
      typeId: this.typeId(type ?? 'standard.small'),
      templateId: SOME_TEMPLATE_ID,
      diskSizeGib: 50,
      labels: {},
      securityGroupIds: [],
      sshKeyNames: [],
      userData: null,
      ...partial,
    };
    await this.organization.fleet.add(instance);
    return instance.id;
  }

  /** As in the portal, but at once. */
  startByHand(id: string): Promise<void> {
    return this.setState(id, 'running');
  }

  stopByHand(id: string): Promise<void> {
    return this.setState(id, 'stopped');
  }

  deleteByHand(id: string): Promise<void> {
    return this.setState(id, 'destroyed');
  }

  /** Any state, `migrating` and `error` included; `destroyed` removes the instance. */
  setState(id: string, state: InstanceState): Promise<void> {
    return this.organization.fleet.force(id, state);
  }

  calls(): RecordedCall[] {
    return this.log.list();
  }

  countCalls(operationId: string): number {
    return this.log.count(operationId);
  }

  billed(): BilledInterval[] {
    return this.organization.meter.billed();
  }

  maxConcurrentBilled(): number {
    return this.organization.meter.maxConcurrent();
  }

  private typeId(name: string): string {
    const found = this.organization.types.find((one) => typeName(one) === name);
    if (!found) throw new Error(`the simulator has no instance type ${name}`);
    return found.id;
  }
}

/**
 * The instances and what may be done to them in which state (exoscale-api.md §3.1). Jobs of one instance exclude each
 * other; whoever comes too early gets a 409, as on the real thing.
 */
import { randomUUID } from 'node:crypto';
import type { Clock } from '../../common/time/clock.js';
import { ApiError } from './api-error.js';
import type { CreateRequest } from './create-request.js';
import type { Instance, InstanceState } from './instance.js';
import { LaggingView } from './lagging-view.js';
import { WorkFailed, type Operations, type ScriptedResult, type Work } from './operations.js';
import type { MachineHost } from './options.js';

export interface FleetParts {
  clock: Clock;
  operations: Operations;
  machines: MachineHost;
  /** Told of every state an instance enters. */
  onState: (instanceId: string, state: InstanceState, atMs: number) => void;
}

/** How far back a lagging list can reach. */
const MAX_LIST_LAG_MS = 600_000;

export class Fleet {
  private readonly instances = new Map<string, Instance>();
  /** Instances with a job under way. */
  private readonly busy = new Set<string>();
  private readonly past = new LaggingView<Instance[]>(MAX_LIST_LAG_MS);

  constructor(private readonly parts: FleetParts) {}

  all(): Instance[] {
    return structuredClone([...this.instances.values()]);
  }

  /** What list-instances shows: the fleet as it was `lagMs` ago. */
  listed(lagMs: number): Instance[] {
    return lagMs > 0 ? (this.past.at(this.parts.clock.monotonicMs() - lagMs) ?? []) : this.all();
  }

  get(id: string): Instance {
    return structuredClone(this.find(id));
  }

  create(request: CreateRequest, scripted: ScriptedResult | null): object {
    const { autoStart, ...fields } = request;
    const id = randomUUID();
    // Not auto-started: `stopped` at once, but busy. A gateway that starts what looks stopped without waiting gets a 409.
    const instance: Instance = {
      id,
      state: autoStart ? 'starting' : 'stopped',
      createdAtMs: this.parts.clock.nowMs(),
      publicIp: null,
      ...fields,
    };
    this.instances.set(id, instance);
    this.enter(instance, instance.state);
    return this.begin('create-instance', instance, scripted, {
      commit: () => (autoStart ? this.boot(instance) : undefined),
      // What a failed creation leaves behind has to be deleted by its owner.
      rollback: () => this.enter(instance, 'error'),
    });
  }

  start(id: string, scripted: ScriptedResult | null): object {
    const instance = this.settled(id);
    if (instance.state !== 'stopped') throw conflict(instance);
    this.enter(instance, 'starting');
    return this.begin('start-instance', instance, scripted, {
      commit: () => this.boot(instance),
      rollback: () => this.enter(instance, 'stopped'),
    });
  }

  stop(id: string, scripted: ScriptedResult | null): object {
    const instance = this.find(id);
    if (instance.state !== 'running') throw ApiError.classic(400, 'Only running instances can be stopped.');
    this.settled(id);
    this.enter(instance, 'stopping');
    // The guest begins to shut down as soon as the call is accepted: streams die now, the state follows.
    if (scripted?.state !== 'failure') void this.parts.machines.stop(id);
    return this.begin('stop-instance', instance, scripted, {
      commit: () => this.advance(instance, 'stopping', 'stopped'),
      rollback: () => this.enter(instance, 'running'),
    });
  }

  delete(id: string, scripted: ScriptedResult | null): object {
    const instance = this.settled(id);
    if (!['running', 'stopped', 'error'].includes(instance.state)) throw conflict(instance);
    const before = instance.state;
    this.enter(instance, 'destroying');
    if (scripted?.state !== 'failure') void this.parts.machines.stop(id);
    return this.begin('delete-instance', instance, scripted, {
      commit: () => this.forget(instance),
      rollback: () => this.enter(instance, before),
    });
  }

  /** Labels replace the whole map; null empties it. */
  update(
    id: string,
    change: { name?: string; labels?: Record<string, string> | null; userData?: string },
    scripted: ScriptedResult | null,
  ): object {
    const instance = this.settled(id);
    return this.begin('update-instance', instance, scripted, {
      commit: () => {
        if (change.name !== undefined) instance.name = change.name;
        if (change.userData !== undefined) instance.userData = change.userData;
        if (change.labels !== undefined) instance.labels = { ...change.labels };
        this.remember();
      },
      rollback: () => undefined,
    });
  }

  /** Puts an instance there without a call: what somebody else has made. */
  async add(instance: Instance): Promise<void> {
    const { state } = instance;
    this.instances.set(instance.id, { ...instance, state: 'stopped' });
    await this.force(instance.id, state);
  }

  /** Moves an instance to a state at once: what happens by hand in the portal, or by itself. */
  async force(id: string, state: InstanceState): Promise<void> {
    const instance = this.find(id);
    if (state === 'running') {
      instance.publicIp = await this.parts.machines.start(id, instance.userData);
    } else if (state !== 'starting' && state !== 'migrating') {
      await this.parts.machines.stop(id);
    }
    if (state === 'destroyed') this.forget(instance);
    else this.enter(instance, state);
  }

  private async boot(instance: Instance): Promise<void> {
    this.expect(instance, 'starting');
    const address = await this.parts.machines.start(instance.id, instance.userData);
    if (instance.state !== 'starting') await this.parts.machines.stop(instance.id);
    this.expect(instance, 'starting');
    instance.publicIp = address;
    this.enter(instance, 'running');
  }

  private advance(instance: Instance, from: InstanceState, to: InstanceState): void {
    this.expect(instance, from);
    this.enter(instance, to);
  }

  /** Somebody may have acted by hand while a job was under way. */
  private expect(instance: Instance, state: InstanceState): void {
    if (!this.instances.has(instance.id)) throw new WorkFailed('not-found', 'The instance is gone.');
    if (instance.state !== state) throw new WorkFailed('interrupted', `The instance is ${instance.state}.`);
  }

  private forget(instance: Instance): void {
    this.instances.delete(instance.id);
    this.enter(instance, 'destroyed');
  }

  private enter(instance: Instance, state: InstanceState): void {
    instance.state = state;
    this.remember();
    this.parts.onState(instance.id, state, this.parts.clock.nowMs());
  }

  private remember(): void {
    this.past.record(this.parts.clock.monotonicMs(), [...this.instances.values()]);
  }

  private begin(command: string, instance: Instance, scripted: ScriptedResult | null, work: Work): object {
    this.busy.add(instance.id);
    const exclusive: Work = {
      commit: () => {
        this.busy.delete(instance.id);
        return work.commit();
      },
      rollback: () => {
        this.busy.delete(instance.id);
        if (this.instances.has(instance.id)) work.rollback();
      },
    };
    return this.parts.operations.begin(command, 'instance', instance.id, exclusive, scripted);
  }

  private settled(id: string): Instance {
    const instance = this.find(id);
    if (this.busy.has(id)) throw ApiError.classic(409, 'Another operation on this instance is pending.');
    return instance;
  }

  private find(id: string): Instance {
    const instance = this.instances.get(id);
    if (!instance) throw ApiError.notFound();
    return instance;
  }
}

function conflict(instance: Instance): ApiError {
  return ApiError.classic(409, `The instance must be either running or stopped, it is ${instance.state}.`);
}

/**
 * A cloud in the test's process, behind the same contract suite as the real adapter. Jobs take time on the Clock, illegal
 * calls are refused as the API refuses them (exoscale-api.md §3.1), and everything goes in and out as copies, so that no
 * test passes because two parties share an object.
 */
import type { Clock } from '../../src/common/time/clock.js';
import {
  type Accepted,
  CloudError,
  type CloudFinding,
  type CloudOperation,
  CloudPort,
  type CloudStatus,
  type CloudView,
  type LaunchRequest,
  type LookRequest,
} from '../../src/modules/provisioning/ports/cloud.port.js';
import { CloudInventory, type Entry, type FakeInstance, machineOf, snapshot } from './cloud-inventory.js';
import { type CloudCall, CloudScript, type FailingJob } from './cloud-script.js';

export interface FakeCloudOptions {
  fingerprint: string;
  pool: string;
  /** EXOSCALE_ADOPT_NAME. */
  adoptName: string | null;
  /** Duration of every job. */
  operationMs: number;
  /** New machines appear in the list this late, and deleted ones stay in it as long: catches "not listed, so create". */
  listLagMs: number;
  /** Word for a machine whose creation has not settled; the API documents none (catches a start that comes too early). */
  statusWhileCreating: CloudStatus;
  /** A new address at each start: catches an address that was remembered instead of re-read. */
  renumberOnStart: boolean;
}

const DEFAULTS: FakeCloudOptions = {
  fingerprint: 'fp-1',
  pool: 'default',
  adoptName: null,
  operationMs: 1000,
  listLagMs: 0,
  statusWhileCreating: 'starting',
  renumberOnStart: false,
};

type Job = Exclude<CloudCall, 'look' | 'preflight'>;

export class FakeCloud extends CloudPort {
  override readonly fingerprint: string;
  override readonly linkEpoch = 1;
  override readonly linkEpochs = [1];
  /** How often each method was called, refused calls included. */
  readonly calls = { look: 0, create: 0, start: 0, stop: 0, destroy: 0, label: 0, preflight: 0 };
  /** What `preflight` answers. */
  findings: CloudFinding[] = [];

  private readonly options: FakeCloudOptions;
  private readonly inventory: CloudInventory;
  private readonly script = new CloudScript();
  private readonly operations = new Map<string, CloudOperation>();
  private readonly jobMs = new Map<Job, number>();
  private sequence = 0;

  constructor(
    private readonly clock: Clock,
    options: Partial<FakeCloudOptions> = {},
  ) {
    super();
    this.options = { ...DEFAULTS, ...options };
    this.inventory = new CloudInventory(clock, this.options);
    this.fingerprint = this.options.fingerprint;
  }

  // Scripting. Faults are one-shot and counted.

  /** The next `times` calls have no effect and reject with `error`. */
  failNext(call: CloudCall, error: CloudError, times = 1): void {
    this.script.add(call, { type: 'refuse', error }, times);
  }

  /** The next `times` calls have their effect, and then their answer is lost. */
  loseAnswer(call: Job, times = 1): void {
    const error = new CloudError('transient', 'socket hang up', { ambiguous: true });
    this.script.add(call, { type: 'lose', error }, times);
  }

  /**
   * The jobs of the next `times` calls fail. The machine is then in state `leaves`; by default a failed create leaves
   * an `error` that has to be deleted, and the others leave the state before.
   */
  failOperation(call: Job, error: CloudError, times = 1, leaves?: CloudStatus | 'gone'): void {
    this.script.add(call, { type: 'operation', error, leaves }, times);
  }

  /** Holds back the answer of the next such call (its effect is made) until the returned function is called. */
  holdNext(call: CloudCall): () => void {
    return this.script.hold(call);
  }

  /** From now on jobs of this kind take so long; Infinity for one that never settles. */
  takes(job: Job, durationMs: number): void {
    this.jobMs.set(job, durationMs);
  }

  setListLagMs(lagMs: number): void {
    this.options.listLagMs = lagMs;
  }

  /** Operations age out of the cloud: their ids are no longer known. */
  forgetOperations(): void {
    this.operations.clear();
  }

  /** Calls back whenever a machine comes to run or ceases to: join the fake with FakeMachines here. */
  onPower(on: (machine: FakeInstance & { address: string }) => void, off: (machine: FakeInstance) => void): void {
    this.inventory.onRunning = on;
    this.inventory.onOff = off;
  }

  // Other hands in the same account.

  /** Puts a machine into the account, by default a settled, stopped one of our pool that somebody else owns. */
  add(machine: Partial<FakeInstance> = {}): string {
    const id = machine.id ?? this.nextId('instance');
    const entry = this.inventory.insert({
      id,
      name: `machine-${id}`,
      status: 'stopped',
      address: null,
      owner: 'somebody-else',
      launchId: null,
      fingerprint: null,
      linkEpoch: 1,
      pool: this.options.pool,
      createdAtMs: this.clock.nowMs(),
      ...machine,
    });
    if (entry.status === 'running') this.inventory.powerOn(entry);
    return id;
  }

  startByHand(id: string): void {
    this.inventory.powerOn(this.atRest(id));
  }

  stopByHand(id: string): void {
    this.inventory.powerOff(this.atRest(id), 'stopped');
  }

  /** Also in the middle of a job, which then fails. */
  deleteByHand(id: string): void {
    const entry = this.inventory.existing(id);
    entry.job?.timer.cancel();
    if (entry.job) this.finish(entry.job.operationId, new CloudError('not_found', 'Instance not found'));
    this.inventory.remove(entry);
  }

  // Observation.

  /** Copies of every machine that exists, in the order of creation. */
  machines(): FakeInstance[] {
    return this.inventory.present().map(snapshot);
  }

  /** The most machines that ever ran at the same time. */
  runningAtOnce(): number {
    return this.inventory.mostRunning;
  }

  // CloudPort.

  override look(request: LookRequest): Promise<CloudView> {
    return this.call('look', () => {
      const listed = this.inventory.listed();
      const recorded = request.instanceId === null ? undefined : this.inventory.find(request.instanceId);
      const operation = request.operationId === null ? undefined : this.operations.get(request.operationId);
      return {
        pool: listed.filter((one) => one.pool === this.options.pool).map(machineOf),
        named: listed.filter((one) => one.pool === null && one.name === this.options.adoptName).map(machineOf),
        recorded: recorded ? machineOf(recorded) : null,
        operation: operation ? { ...operation } : null,
      };
    });
  }

  override create({ launchId, owner }: LaunchRequest): Promise<Accepted & { instanceId: string }> {
    return this.call('create', (failing) => {
      const { pool, statusWhileCreating } = this.options;
      const entry = this.inventory.insert({
        id: this.nextId('instance'),
        name: `olgw-${pool}-${launchId.slice(0, 8)}`,
        status: statusWhileCreating,
        address: null,
        createdAtMs: this.clock.nowMs(),
        pool,
        owner,
        launchId,
        fingerprint: this.fingerprint,
        linkEpoch: this.linkEpoch,
      });
      const accepted = this.begin('create', entry, 'error', failing, () => (entry.status = 'stopped'));
      return { ...accepted, instanceId: entry.id };
    });
  }

  override start(instanceId: string): Promise<Accepted> {
    return this.call('start', (failing) => {
      const entry = this.expect(instanceId, 'stopped', 'Only stopped instances can be started.');
      entry.status = 'starting';
      return this.begin('start', entry, 'stopped', failing, () => this.inventory.powerOn(entry));
    });
  }

  override stop(instanceId: string): Promise<Accepted> {
    return this.call('stop', (failing) => {
      const entry = this.expect(instanceId, 'running', 'Only running instances can be stopped.');
      entry.status = 'stopping';
      return this.begin('stop', entry, 'running', failing, () => this.inventory.powerOff(entry, 'stopped'));
    });
  }

  override destroy(instanceId: string): Promise<Accepted> {
    return this.call('destroy', (failing) => {
      const entry = this.inventory.find(instanceId);
      if (!entry) return { operationId: null };
      mustBeSettled(entry);
      const before = entry.status;
      entry.status = 'destroying';
      return this.begin('destroy', entry, before, failing, () => this.inventory.remove(entry));
    });
  }

  override label(instanceId: string, { owner, launchId }: LaunchRequest): Promise<Accepted> {
    return this.call('label', (failing) => {
      const entry = this.inventory.existing(instanceId);
      mustBeSettled(entry);
      const fingerprint = entry.fingerprint ?? this.fingerprint;
      Object.assign(entry, { owner, launchId, pool: this.options.pool, fingerprint });
      return this.begin('label', entry, entry.status, failing, () => {});
    });
  }

  override preflight(_owner: string): Promise<CloudFinding[]> {
    return this.call('preflight', () => structuredClone(this.findings));
  }

  private async call<T>(call: CloudCall, effect: (failing: FailingJob | null) => T): Promise<T> {
    this.calls[call] += 1;
    const fault = this.script.takeFault(call);
    const answer = attempt(() => {
      if (fault?.type === 'refuse') throw fault.error;
      return effect(fault?.type === 'operation' ? fault : null);
    });
    await this.script.passGate(call);
    if (fault?.type === 'lose') throw fault.error;
    return answer();
  }

  private begin(
    job: Job,
    entry: Entry,
    leavesOnFailure: CloudStatus,
    failing: FailingJob | null,
    succeed: () => void,
  ): Accepted {
    const operationId = this.nextId('operation');
    this.operations.set(operationId, { state: 'pending', error: null });
    const settle = () => {
      entry.job = null;
      this.finish(operationId, failing?.error ?? null);
      if (!failing) return succeed();
      const leaves = failing.leaves ?? leavesOnFailure;
      if (leaves === 'gone') this.inventory.remove(entry);
      else entry.status = leaves;
    };
    const durationMs = this.jobMs.get(job) ?? this.options.operationMs;
    entry.job = { operationId, timer: this.clock.after(durationMs, settle) };
    return { operationId };
  }

  private finish(operationId: string, error: CloudError | null): void {
    if (!this.operations.has(operationId)) return;
    this.operations.set(operationId, { state: error ? 'failure' : 'success', error });
  }

  private expect(id: string, status: CloudStatus, text: string): Entry {
    const entry = this.inventory.existing(id);
    mustBeSettled(entry);
    if (entry.status !== status) throw new CloudError('conflict', text);
    return entry;
  }

  private atRest(id: string): Entry {
    const entry = this.inventory.existing(id);
    if (entry.job) throw new Error(`the test moves ${id} by hand while a job is under way`);
    return entry;
  }

  private nextId(kind: string): string {
    this.sequence += 1;
    return `${kind}-${this.sequence}`;
  }
}

function mustBeSettled(entry: Entry): void {
  if (entry.job) throw new CloudError('conflict', 'Another operation is in progress on this instance.');
}

/** Runs the effect now; the returned function gives its result or throws its error later. */
function attempt<T>(effect: () => T): () => T {
  try {
    const value = effect();
    return () => value;
  } catch (error) {
    return () => {
      throw error;
    };
  }
}

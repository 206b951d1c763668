/**
 * Machines that exist only in a test's script, behind the same contract suite as the real adapter. An address that was
 * never scripted does not answer. Time is the Clock's: with a ManualClock pulls and loads take exactly as long as said.
 */
import type { Clock } from '../../src/common/time/clock.js';
import {
  type Catalogue,
  type Instructions,
  MachineError,
  type MachineErrorKind,
  MachinePort,
  type MachineTarget,
  type ProbeOutcome,
} from '../../src/modules/provisioning/ports/machine.port.js';

type Fault = 'model_missing' | 'disk_full' | 'model_failed';
type Step = 'has' | 'pull' | 'load' | 'catalogue' | 'latch' | 'unlatch' | 'instruct';

interface FakeMachine {
  /** Clock time from which the machine answers; Infinity while it does not. */
  answersFromMs: number;
  disk: Set<string>;
  loaded: Set<string>;
  /** Set while it refuses new requests. */
  latched: boolean;
  /** Requests in progress that the gateway under test knows nothing of. */
  busy: number;
  /** Made with other keys than the gateway has. */
  refuses: boolean;
  instructions: Instructions | null;
}

const FAULT_TEXTS: Record<MachineErrorKind, string> = {
  model_missing: 'pull model manifest: file does not exist',
  disk_full: 'write /models/blobs: no space left on device',
  model_failed: 'model requires more system memory than is available',
  unreachable: 'connection reset',
  refused: 'ERR_LINK_PIN',
};

export class FakeMachines extends MachinePort {
  /** Every load that succeeded, in order. */
  readonly loads: { address: string; model: string; atMs: number }[] = [];
  /** Every pull that was asked for, in order. */
  readonly pulls: { address: string; model: string; atMs: number }[] = [];
  private readonly machines = new Map<string, FakeMachine>();
  private readonly refusals = new Map<string, Fault>();
  private readonly nextFaults: { step: Step; kind: MachineErrorKind }[] = [];
  private pullMs = 0;
  private pullFractions: readonly number[] = [0.25, 0.5, 0.75, 1];
  private loadMs = 0;

  constructor(private readonly clock: Clock) {
    super();
  }

  /** The machine answers from `atMs` (clock time) on; whatever was loaded is gone, as after a boot. */
  bootAfter(address: string, atMs: number): void {
    const machine = this.machine(address);
    machine.answersFromMs = atMs;
    machine.loaded.clear();
    machine.latched = false;
  }

  /** Whether the machine answers from now on. False also breaks pulls and loads under way at their next step. */
  reachable(address: string, answers: boolean): void {
    this.bootAfter(address, answers ? this.clock.nowMs() : Number.POSITIVE_INFINITY);
  }

  /** Puts models on the machine's disk. */
  store(address: string, ...models: string[]): void {
    for (const model of models) this.machine(address).disk.add(fullName(model));
  }

  /** Empties the disk, as a new machine at the same address has it. */
  wipe(address: string): void {
    this.machines.delete(address);
  }

  /** Somebody else's requests on this machine, from now on. */
  busyWith(address: string, requests: number): void {
    this.machine(address).busy = requests;
  }

  /** Whether the machine has keys that are not the gateway's. */
  refusesKeys(address: string, refuses: boolean): void {
    this.machine(address).refuses = refuses;
  }

  isLatched(address: string): boolean {
    return this.machine(address).latched;
  }

  /** What the dead-man timer was last told; null for nothing. */
  instructionsOf(address: string): Instructions | null {
    return this.machine(address).instructions;
  }

  modelsOn(address: string): string[] {
    return [...this.machine(address).disk];
  }

  loadedOn(address: string): string[] {
    return [...this.machine(address).loaded];
  }

  /** How long each pull takes, and the fractions it reports at even intervals. */
  pullTakes(durationMs: number, fractions: readonly number[] = this.pullFractions): void {
    this.pullMs = durationMs;
    this.pullFractions = fractions;
  }

  loadTakes(durationMs: number): void {
    this.loadMs = durationMs;
  }

  /** From now on pulling (`model_missing`, `disk_full`) or loading (`model_failed`) this model fails; null heals it. */
  refuse(model: string, fault: Fault | null): void {
    if (fault) this.refusals.set(fullName(model), fault);
    else this.refusals.delete(fullName(model));
  }

  /** One-shot: the next `times` calls of this step fail, and later ones work again. */
  failNext(step: Step, kind: MachineErrorKind, times = 1): void {
    for (let count = 0; count < times; count += 1) this.nextFaults.push({ step, kind });
  }

  override targetOf(address: string, launchId: string, linkEpoch: number): MachineTarget {
    return { url: `http://${address}:11434`, launchId, linkEpoch };
  }

  override probe(target: MachineTarget): Promise<ProbeOutcome> {
    const address = addressOf(target);
    if (!this.answers(address)) return Promise.resolve('silent');
    const { refuses, latched } = this.machine(address);
    return Promise.resolve(refuses ? 'refused' : latched ? 'latched' : 'answered');
  }

  override async instruct(target: MachineTarget, instructions: Instructions): Promise<void> {
    await this.begin('instruct', target);
    Object.assign(this.machine(addressOf(target)), { instructions, latched: false });
  }

  override async latch(target: MachineTarget): Promise<number | null> {
    await this.begin('latch', target);
    const machine = this.machine(addressOf(target));
    machine.latched = true;
    return machine.busy;
  }

  override async unlatch(target: MachineTarget): Promise<void> {
    await this.begin('unlatch', target);
    this.machine(addressOf(target)).latched = false;
  }

  override async has(target: MachineTarget, model: string): Promise<boolean> {
    await this.begin('has', target);
    return this.machine(addressOf(target)).disk.has(fullName(model));
  }

  override async pull(
    target: MachineTarget,
    model: string,
    onProgress: (fraction: number) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const address = addressOf(target);
    this.pulls.push({ address, model, atMs: this.clock.nowMs() });
    await this.begin('pull', target);
    const refusal = this.refusals.get(fullName(model));
    if (refusal === 'model_missing') throw fault(refusal);
    for (const fraction of this.pullFractions) {
      await this.wait(this.pullMs / this.pullFractions.length, signal);
      this.mustAnswer(address);
      onProgress(fraction);
      if (refusal === 'disk_full') throw fault(refusal);
    }
    this.machine(address).disk.add(fullName(model));
  }

  override async load(target: MachineTarget, model: string, signal: AbortSignal): Promise<void> {
    const address = addressOf(target);
    await this.begin('load', target);
    await this.wait(this.loadMs, signal);
    this.mustAnswer(address);
    const machine = this.machine(address);
    if (!machine.disk.has(fullName(model))) throw new MachineError('model_failed', `model '${model}' not found`);
    if (this.refusals.get(fullName(model)) === 'model_failed') throw fault('model_failed');
    machine.loaded.add(fullName(model));
    this.loads.push({ address, model, atMs: this.clock.nowMs() });
  }

  override async catalogue(target: MachineTarget): Promise<Catalogue> {
    await this.begin('catalogue', target);
    const models = this.modelsOn(addressOf(target));
    return {
      version: JSON.stringify({ version: '0.32.15' }),
      tags: JSON.stringify({ models: models.map((name) => ({ name, model: name })) }),
      show: Object.fromEntries(models.map((name) => [name, JSON.stringify({ capabilities: ['completion'] })])),
      atMs: this.clock.nowMs(),
    };
  }

  private machine(address: string): FakeMachine {
    const known = this.machines.get(address);
    if (known) return known;
    const made: FakeMachine = {
      answersFromMs: Number.POSITIVE_INFINITY,
      disk: new Set(),
      loaded: new Set(),
      latched: false,
      busy: 0,
      refuses: false,
      instructions: null,
    };
    this.machines.set(address, made);
    return made;
  }

  private answers(address: string): boolean {
    return this.machine(address).answersFromMs <= this.clock.nowMs();
  }

  private mustAnswer(address: string): void {
    if (!this.answers(address)) throw fault('unreachable');
  }

  private async begin(step: Step, target: MachineTarget): Promise<void> {
    await Promise.resolve();
    this.mustAnswer(addressOf(target));
    if (this.machine(addressOf(target)).refuses) throw fault('refused');
    const index = this.nextFaults.findIndex((one) => one.step === step);
    const [next] = index < 0 ? [] : this.nextFaults.splice(index, 1);
    if (next) throw fault(next.kind);
  }

  private async wait(delayMs: number, signal: AbortSignal): Promise<void> {
    try {
      if (delayMs > 0) await this.clock.sleep(delayMs, signal);
      signal.throwIfAborted();
    } catch (cause) {
      throw new MachineError('unreachable', 'cancelled', cause);
    }
  }
}

function fault(kind: MachineErrorKind): MachineError {
  return new MachineError(kind, FAULT_TEXTS[kind]);
}

function addressOf(target: MachineTarget): string {
  return new URL(target.url).hostname;
}

function fullName(model: string): string {
  const lower = model.toLowerCase();
  return lower.includes(':') ? lower : `${lower}:latest`;
}

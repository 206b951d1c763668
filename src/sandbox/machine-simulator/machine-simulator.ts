/**
 * The machines behind the simulated instances. Each has its own loopback address and, once booted, an Ollama on the link
 * port. Knows nothing of the cloud: it is told to start and to stop.
 */
import { SystemClock, type Clock, type Timer } from '../../common/time/clock.js';
import type { MachineHost } from '../exoscale-simulator/options.js';
import { defaultBehaviour, type OllamaBehaviour, type Refusal } from '../fake-ollama/behaviour.js';
import { FakeOllama } from '../fake-ollama/fake-ollama.js';
import { Journal, type RecordedRequest } from '../fake-ollama/journal.js';
import { fullName, ModelDisk } from '../fake-ollama/model-disk.js';
import { canBind, freePort, LoopbackAddresses, ONLY_LOOPBACK } from './loopback.js';
import { startPassThrough } from './pass-through.js';

export interface MachineSimulatorOptions {
  /** The link port, the same on every machine; 0 takes a free one, see `reservePort`. */
  port: number;
  /** From the start of the instance until Ollama answers; Infinity for a machine that never does. */
  bootMs: number;
  pullMs: number;
  loadMs: number;
  tokenMs: number;
  tokens: number;
  /** Models that are on the disk of every new machine. */
  models?: readonly string[];
  /** Room for models. */
  diskGib?: number;
  /** A real Ollama behind every machine in place of the fake one. */
  upstreamUrl?: string;
  /** Whether each machine gets a loopback address of its own; found out by default. */
  ownAddresses?: boolean;
  clock?: Clock;
  /** Told, once per boot, why a machine cannot serve. */
  warn?: (message: string) => void;
}

/** What listens on a booted machine. */
interface Service {
  close(): Promise<void>;
}

interface Machine {
  address: string;
  on: boolean;
  booting: Timer | null;
  service: Service | null;
}

/** A machine that cannot bind its port tries again, as a system service would. */
const RESTART_MS = 500;

export class MachineSimulator implements MachineHost {
  /** Shared by all machines; may be changed at any time. */
  readonly behaviour: OllamaBehaviour;
  /** For boots that begin from now on. */
  bootMs: number;
  private readonly clock: Clock;
  private readonly warn: (message: string) => void;
  private readonly journal = new Journal();
  private readonly addresses = new LoopbackAddresses(16 + (process.pid % 200));
  private readonly machines = new Map<string, Machine>();
  /** Disks outlive a stop. Instance ids are never used again, so a deleted machine's disk cannot come back. */
  private readonly disks = new Map<string, ModelDisk>();
  private ownAddresses: Promise<boolean> | null = null;
  private linkPort: Promise<number> | null = null;

  constructor(private readonly options: MachineSimulatorOptions) {
    const { pullMs, loadMs, tokenMs, tokens } = options;
    this.behaviour = { ...defaultBehaviour(), pullMs, loadMs, tokenMs, tokens };
    this.bootMs = options.bootMs;
    this.clock = options.clock ?? new SystemClock();
    this.warn = options.warn ?? ((message) => console.error(message));
  }

  /** The link port; chosen at the first call where the options say 0. */
  reservePort(): Promise<number> {
    this.linkPort ??= this.options.port === 0 ? freePort() : Promise.resolve(this.options.port);
    return this.linkPort;
  }

  /** Every start gets another address: whoever remembers the one before the stop talks to nobody. */
  async start(instanceId: string): Promise<string> {
    const running = this.machines.get(instanceId);
    if (running) return running.address;
    const machine: Machine = { address: await this.nextAddress(), on: true, booting: null, service: null };
    this.machines.set(instanceId, machine);
    this.boot(instanceId, machine);
    return machine.address;
  }

  async stop(instanceId: string): Promise<void> {
    const machine = this.machines.get(instanceId);
    if (!machine) return;
    this.machines.delete(instanceId);
    machine.on = false;
    machine.booting?.cancel();
    await machine.service?.close();
  }

  /** Base URL of a running machine; null when it is off. */
  async urlOf(instanceId: string): Promise<string | null> {
    const machine = this.machines.get(instanceId);
    return machine ? `http://${machine.address}:${await this.reservePort()}` : null;
  }

  /** Kills what runs on the machine and cuts its sockets; for the cloud the instance is still running. */
  async crashNow(instanceId: string): Promise<void> {
    const machine = this.machines.get(instanceId);
    const service = machine?.service;
    if (!machine || !service) return;
    machine.service = null;
    await service.close();
  }

  /** Boots a crashed machine again, at the same address. */
  recover(instanceId: string): void {
    const machine = this.machines.get(instanceId);
    if (machine && !machine.service) this.boot(instanceId, machine);
  }

  /** Makes a model fail from now on; null heals it. */
  refuse(model: string, why: Refusal | null): void {
    if (why) this.behaviour.refusals.set(fullName(model), why);
    else this.behaviour.refusals.delete(fullName(model));
  }

  /** Everything that arrived at any machine, oldest first. */
  requests(): RecordedRequest[] {
    return this.journal.list();
  }

  /** Inference requests under way, silent ones included. */
  openStreams(): number {
    return this.journal.openStreams();
  }

  async close(): Promise<void> {
    await Promise.all([...this.machines.keys()].map((id) => this.stop(id)));
  }

  private boot(instanceId: string, machine: Machine): void {
    if (!Number.isFinite(this.bootMs)) return;
    machine.booting = this.clock.after(this.bootMs, () => void this.serve(instanceId, machine));
  }

  private async serve(instanceId: string, machine: Machine, attempt = 1): Promise<void> {
    try {
      const service = await this.startService(instanceId, machine.address);
      if (machine.on) machine.service = service;
      else await service.close();
    } catch (error) {
      // From outside it looks unreachable, whatever the reason. On a shared address the reason is the machine before it.
      if (attempt === 1) this.warn(`simulated machine ${machine.address} cannot serve: ${String(error)}`);
      if (!machine.on) return;
      machine.booting = this.clock.after(RESTART_MS, () => void this.serve(instanceId, machine, attempt + 1));
    }
  }

  private async startService(instanceId: string, host: string): Promise<Service> {
    const port = await this.reservePort();
    const { behaviour, journal, clock } = this;
    if (this.options.upstreamUrl) return startPassThrough(this.options.upstreamUrl, host, port);
    // -1: the gateway's user-data sets OLLAMA_KEEP_ALIVE=-1 on every machine.
    return FakeOllama.start({ host, port, behaviour, journal, clock, disk: this.diskOf(instanceId), keepAliveMs: -1 });
  }

  private diskOf(instanceId: string): ModelDisk {
    const known = this.disks.get(instanceId);
    if (known) return known;
    const disk = new ModelDisk(this.options.diskGib ?? 50, this.options.models, this.clock.nowMs());
    this.disks.set(instanceId, disk);
    return disk;
  }

  private async nextAddress(): Promise<string> {
    const candidate = this.addresses.allocate();
    this.ownAddresses ??=
      this.options.ownAddresses === undefined ? canBind(candidate) : Promise.resolve(this.options.ownAddresses);
    return (await this.ownAddresses) ? candidate : ONLY_LOOPBACK;
  }
}

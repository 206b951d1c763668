/**
 * The machines behind the simulated instances. Each has its own loopback address and, once booted, its end of the link with
 * an Ollama behind it, as its user-data says. Knows nothing of the cloud: it is told to start and to stop.
 */
import { SystemClock, type Clock } from '../../common/time/clock.js';
import type { MachineHost } from '../exoscale-simulator/options.js';
import { defaultBehaviour, type OllamaBehaviour, type Refusal } from '../fake-ollama/behaviour.js';
import { FakeOllama } from '../fake-ollama/fake-ollama.js';
import { Journal, type RecordedRequest } from '../fake-ollama/journal.js';
import { fullName, ModelDisk } from '../fake-ollama/model-disk.js';
import { type LinkKeys, linkSettingsOf } from './link-settings.js';
import type { MachineInstructions } from './link-words.js';
import { canBind, freePort, LoopbackAddresses, ONLY_LOOPBACK } from './loopback.js';
import { Machine, type OllamaService } from './machine.js';
import { filesOf } from './user-data.js';

export interface MachineSimulatorOptions {
  /** The link port of machines whose user-data names none; 0 takes a free one, see `reservePort`. */
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
  private readonly forged = new Map<string, string>();
  private foreignRequests = 0;
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
  async start(instanceId: string, userData: string | null): Promise<string> {
    const running = this.machines.get(instanceId);
    if (running) return running.address;
    const address = await this.nextAddress();
    const machine = new Machine({
      address,
      clock: this.clock,
      startOllama: () => this.startOllama(instanceId, address),
      link: () => this.linkOf(instanceId, userData),
      foreignRequests: () => this.foreignRequests,
      warn: this.warn,
    });
    this.machines.set(instanceId, machine);
    machine.boot(this.bootMs);
    return address;
  }

  async stop(instanceId: string): Promise<void> {
    const machine = this.machines.get(instanceId);
    this.machines.delete(instanceId);
    await machine?.switchOff();
  }

  /** Kills what runs on the machine and cuts its sockets; for the cloud the instance is still running. */
  async crashNow(instanceId: string): Promise<void> {
    await this.machines.get(instanceId)?.cut();
  }

  /** Boots a crashed machine again, at the same address. */
  recover(instanceId: string): void {
    const machine = this.machines.get(instanceId);
    if (machine && !machine.front) machine.boot(this.bootMs);
  }

  /**
   * From its next boot on the machine has the keys of this user-data in place of its own: those of another machine, or
   * some that were made from another secret.
   */
  forgeKeys(instanceId: string, userData: string): void {
    this.forged.set(instanceId, userData);
  }

  /** What the gateway has told this machine since its boot; null while it does not serve. */
  instructionsOf(instanceId: string): MachineInstructions | null {
    return this.machines.get(instanceId)?.front?.words.instructions() ?? null;
  }

  /** Whether the machine turns requests away because the gateway has told it to. */
  isLatched(instanceId: string): boolean {
    return this.machines.get(instanceId)?.front?.words.latched ?? false;
  }

  /** Requests of users since its boot, as the dead-man timer counts them. */
  usesOf(instanceId: string): number {
    return this.machines.get(instanceId)?.front?.uses ?? 0;
  }

  /** From now on every machine has so many requests in progress that this gateway knows nothing of. */
  busyWith(requests: number): void {
    this.foreignRequests = requests;
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

  private async linkOf(instanceId: string, userData: string | null): Promise<{ port: number; keys: LinkKeys | null }> {
    const own = linkSettingsOf(filesOf(userData));
    const forged = this.forged.get(instanceId);
    const keys = forged === undefined ? own.keys : linkSettingsOf(filesOf(forged)).keys;
    return { port: own.port ?? (await this.reservePort()), keys };
  }

  private async startOllama(instanceId: string, host: string): Promise<OllamaService> {
    const { upstreamUrl } = this.options;
    if (upstreamUrl) return realOllama(upstreamUrl);
    const { behaviour, journal, clock } = this;
    const disk = this.diskOf(instanceId);
    // -1: the gateway's user-data sets OLLAMA_KEEP_ALIVE=-1 on every machine.
    const ollama = await FakeOllama.start({ host, behaviour, journal, clock, disk, keepAliveMs: -1 });
    return { url: ollama.url, host: 'localhost:11434', close: () => ollama.close() };
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

/** Somebody else's: used and never ended. */
function realOllama(url: string): OllamaService {
  return { url, host: new URL(url).host, close: () => Promise.resolve() };
}

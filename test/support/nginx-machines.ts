/**
 * Machines of a simulated cloud that are what user-data makes of them: its files in a folder, a real nginx from these
 * files, and behind it a fake Ollama. Knows nothing of the gateway.
 */
import type { MachineHost } from '../../src/sandbox/exoscale-simulator/options.js';
import { defaultBehaviour } from '../../src/sandbox/fake-ollama/behaviour.js';
import { FakeOllama } from '../../src/sandbox/fake-ollama/fake-ollama.js';
import { Journal, type RecordedRequest } from '../../src/sandbox/fake-ollama/journal.js';
import { ModelDisk } from '../../src/sandbox/fake-ollama/model-disk.js';
import { freePort, LoopbackAddresses } from '../../src/sandbox/machine-simulator/loopback.js';
import { atEnd } from './endings.js';
import { layOutMachine } from './machine-files.js';
import { startMachineNginx, type MachineNginx } from './machine-nginx.js';
import { requireProgram } from './programs.js';

/** What answers at the address of a machine. */
export interface Front {
  stop(): Promise<void>;
}

export interface NginxMachine {
  /** nginx listens on every address; this is the one that the cloud has given. */
  readonly address: string;
  /** In place of `/`. */
  readonly root: string;
  readonly ollama: FakeOllama;
  readonly nginx: MachineNginx;
}

interface Running extends NginxMachine {
  front: Front;
}

export class NginxMachines implements MachineHost {
  /** All machines that it starts are ended by `endEverything()`. */
  static async open(): Promise<NginxMachines> {
    requireProgram('nginx', 'nginx');
    return new NginxMachines(await freePort());
  }

  /** Of every Ollama; may be changed at any time. */
  readonly behaviour = { ...defaultBehaviour(), pullMs: 60, loadMs: 30 };
  /** A stranger that has the address of the next machine that starts, whose own front stays unheard; null for none. */
  stranger: ((address: string) => Promise<Front>) | null = null;
  private readonly journal = new Journal();
  private readonly addresses = new LoopbackAddresses(16 + (process.pid % 200));
  private readonly disks = new Map<string, ModelDisk>();
  private readonly running = new Map<string, Running>();

  private constructor(readonly linkPort: number) {}

  /** Each start is a boot: another address, the files of the user-data anew, nothing left in /run. */
  async start(instanceId: string, userData: string | null): Promise<string> {
    const root = layOutMachine(userData ?? '');
    const disk = this.disks.get(instanceId) ?? new ModelDisk(50);
    this.disks.set(instanceId, disk);
    const { behaviour, journal } = this;
    const ollama = await FakeOllama.start({ behaviour, journal, disk, keepAliveMs: -1 });
    atEnd(() => ollama.close());
    const nginx = await startMachineNginx(root, Number(new URL(ollama.url).port));
    const address = this.addresses.allocate();
    this.running.set(instanceId, { address, root, ollama, nginx, front: nginx });
    if (this.stranger) await this.usurp(instanceId, this.stranger);
    return address;
  }

  async stop(instanceId: string): Promise<void> {
    const machine = this.running.get(instanceId);
    this.running.delete(instanceId);
    await machine?.front.stop();
    await machine?.nginx.stop();
    await machine?.ollama.close();
  }

  /** A running machine. */
  of(instanceId: string): NginxMachine {
    const machine = this.running.get(instanceId);
    if (!machine) throw new Error(`the machine of instance ${instanceId} does not run`);
    return machine;
  }

  /** From now until its stop somebody else answers at the address of this machine. */
  async usurp(instanceId: string, stranger: (address: string) => Promise<Front>): Promise<void> {
    const machine = this.running.get(instanceId);
    if (!machine) throw new Error(`the machine of instance ${instanceId} does not run`);
    await machine.nginx.stop();
    machine.front = await stranger(machine.address);
  }

  /** What arrived at any Ollama at this path, whatever its query. */
  arrivedAt(path: string): RecordedRequest[] {
    return this.journal.list().filter(({ url }) => url.split('?', 1)[0] === path);
  }

  /** Everything that arrived at any Ollama, oldest first. */
  requests(): RecordedRequest[] {
    return this.journal.list();
  }

  /** Inference requests under way, silent ones included. */
  openStreams(): number {
    return this.journal.openStreams();
  }
}

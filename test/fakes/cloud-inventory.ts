/**
 * The machines of the FakeCloud: which exist, which are listed, which run. Knows nothing of jobs that fail or of scripts.
 */
import type { Clock, Timer } from '../../src/common/time/clock.js';
import { CloudError, type CloudMachine, type CloudStatus } from '../../src/modules/provisioning/ports/cloud.port.js';

/** A machine as the fake knows it; `pool` is null where it carries no label of ours. */
export interface FakeInstance extends CloudMachine {
  pool: string | null;
}

/** What the fake keeps of a machine; never handed out. */
export interface Entry extends FakeInstance {
  /** From the end of its start to the end of its stop: the time that costs money. */
  powered: boolean;
  goneAtMs: number | null;
  /** What a list that lags behind still says of a machine that is gone. */
  lastListed: CloudStatus | null;
  job: { operationId: string; timer: Timer } | null;
}

export class CloudInventory {
  onRunning: (machine: FakeInstance & { address: string }) => void = () => {};
  onOff: (machine: FakeInstance) => void = () => {};
  /** The most machines that ever ran at the same time. */
  mostRunning = 0;
  private readonly entries = new Map<string, Entry>();
  private lastAddress = 0;

  constructor(
    private readonly clock: Clock,
    private readonly options: { listLagMs: number; renumberOnStart: boolean },
  ) {}

  insert(machine: FakeInstance): Entry {
    const entry: Entry = { ...machine, powered: false, goneAtMs: null, lastListed: null, job: null };
    this.entries.set(entry.id, entry);
    return entry;
  }

  /** The machine of this id, or undefined when it does not exist (any more). */
  find(id: string): Entry | undefined {
    const entry = this.entries.get(id);
    return entry?.goneAtMs === null ? entry : undefined;
  }

  existing(id: string): Entry {
    const entry = this.find(id);
    if (!entry) throw new CloudError('not_found', 'Instance not found');
    return entry;
  }

  present(): Entry[] {
    return [...this.entries.values()].filter((one) => one.goneAtMs === null);
  }

  /** What a list shows: new machines late, deleted ones too long. */
  listed(): Entry[] {
    const { listLagMs } = this.options;
    const nowMs = this.clock.nowMs();
    const shown = [...this.entries.values()].filter(
      (one) => nowMs >= one.createdAtMs + listLagMs && (one.goneAtMs === null || nowMs < one.goneAtMs + listLagMs),
    );
    return shown.map((one) => ({ ...one, status: one.lastListed ?? one.status }));
  }

  powerOn(entry: Entry): void {
    if (!entry.address || this.options.renumberOnStart) entry.address = `203.0.113.${(this.lastAddress += 1)}`;
    entry.status = 'running';
    entry.powered = true;
    this.mostRunning = Math.max(this.mostRunning, [...this.entries.values()].filter((one) => one.powered).length);
    this.onRunning({ ...snapshot(entry), address: entry.address });
  }

  powerOff(entry: Entry, status: CloudStatus): void {
    entry.status = status;
    if (!entry.powered) return;
    entry.powered = false;
    this.onOff(snapshot(entry));
  }

  remove(entry: Entry): void {
    entry.goneAtMs = this.clock.nowMs();
    entry.lastListed = entry.status;
    entry.job = null;
    this.powerOff(entry, 'destroyed');
  }
}

/** A copy in the words of the port. */
export function machineOf(entry: Entry): CloudMachine {
  const { id, name, status, address, createdAtMs, owner, launchId, fingerprint, linkEpoch } = entry;
  return { id, name, status, address, createdAtMs, owner, launchId, fingerprint, linkEpoch };
}

export function snapshot(entry: Entry): FakeInstance {
  return { ...machineOf(entry), pool: entry.pool };
}

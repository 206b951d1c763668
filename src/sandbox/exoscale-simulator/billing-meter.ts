/**
 * The meter on the wall: watches the states of the instances and nothing else, so that it can convict the gateway.
 * Billed from the accepted start to the confirmed stop (coordination-and-link.md §1.5): errs on the expensive side.
 */

export interface BilledInterval {
  instanceId: string;
  fromMs: number;
  /** Null while the meter runs. */
  toMs: number | null;
}

const BILLED: ReadonlySet<string> = new Set(['starting', 'running', 'migrating', 'stopping']);

export class BillingMeter {
  private readonly intervals: BilledInterval[] = [];

  /** Tells the meter that an instance has entered `state`. */
  observe(instanceId: string, state: string, atMs: number): void {
    const open = this.intervals.find((one) => one.instanceId === instanceId && one.toMs === null);
    // A machine on its way out is billed as long as it was running before.
    if (state === 'destroying') return;
    if (BILLED.has(state)) {
      if (!open) this.intervals.push({ instanceId, fromMs: atMs, toMs: null });
    } else if (open) {
      open.toMs = atMs;
    }
  }

  billed(): BilledInterval[] {
    return structuredClone(this.intervals);
  }

  /** The most machines that were ever billed at the same moment. */
  maxConcurrent(): number {
    const edges = this.intervals.flatMap(({ fromMs, toMs }) => [
      { atMs: fromMs, change: 1 },
      { atMs: toMs ?? Infinity, change: -1 },
    ]);
    // At equal times ends come first: a hand-over within one millisecond is not an overlap.
    edges.sort((a, b) => (a.atMs === b.atMs ? a.change - b.change : a.atMs - b.atMs));
    let running = 0;
    let most = 0;
    for (const { change } of edges) most = Math.max(most, (running += change));
    return most;
  }
}

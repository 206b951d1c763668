/**
 * Counts the seconds for which the machine is billed, as far as this process sees it. Knows the cloud's last word for the
 * state of the instance, and a clock that never goes back; nothing of prices.
 */
import type { Clock } from '../../common/time/clock.js';
import type { PoolSnapshot } from '../provisioning/provisioning.gate.js';

/** Billed from the accepted start to the confirmed stop: errs on the expensive side (coordination-and-link.md §1.5). */
const BILLED: ReadonlySet<string | null> = new Set(['starting', 'running', 'migrating', 'stopping']);

export class MachineMeter {
  private billed = false;
  private untilMs: number;
  private totalMs = 0;

  constructor(private readonly clock: Pick<Clock, 'monotonicMs'>) {
    this.untilMs = clock.monotonicMs();
  }

  /** What holds from now on. */
  observe({ phase, instanceStatus }: Pick<PoolSnapshot, 'phase' | 'instanceStatus'>): void {
    this.count();
    // A machine on its way out is billed as long as it ran before.
    if (instanceStatus === 'destroying') return;
    // The cloud's word comes a look later than the start that was accepted.
    this.billed = phase === 'starting' || BILLED.has(instanceStatus);
  }

  /** Seconds up to now; never shrinks. */
  seconds(): number {
    this.count();
    return this.totalMs / 1000;
  }

  private count(): void {
    const nowMs = this.clock.monotonicMs();
    if (this.billed) this.totalMs += nowMs - this.untilMs;
    this.untilMs = nowMs;
  }
}

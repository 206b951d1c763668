/**
 * Counts work in flight. The one place where the data plane and the lifecycle meet: taking a lease and closing the
 * gate are both synchronous, so no request can slip in between "nobody is here" and "the gate is closed".
 */
import type { Clock } from '../../common/time/clock.js';
import type { Traffic } from './domain/policy.js';
import type { MachineTarget } from './ports/machine.port.js';
import type { TrafficLease } from './provisioning.gate.js';

export class TrafficCounter implements Traffic {
  open = 0;
  lastActivityMs: number | null = null;
  private target: MachineTarget | null = null;
  private waitingForNone: (() => void)[] = [];

  constructor(private readonly clock: Clock) {}

  /** Lets requests in, to this machine. */
  admit(target: MachineTarget): void {
    this.target = target;
  }

  /** From now on no lease is given; open ones stay. */
  close(): void {
    this.target = null;
  }

  /** A lease when the gate is open. A waking one moves the idle clock when it ends; others only hold off a stop. */
  tryAcquire(waking: boolean): TrafficLease | null {
    if (this.target === null) return null;
    this.open += 1;
    return new CountedLease(this, this.target, waking);
  }

  /** Called by a lease when it ends, once. */
  released(waking: boolean): void {
    this.open -= 1;
    if (waking) this.lastActivityMs = this.clock.nowMs();
    if (this.open > 0) return;
    for (const done of this.waitingForNone.splice(0)) done();
  }

  /** After the wall clock was set back: work cannot have ended later than now. */
  forgetFuture(): void {
    const nowMs = this.clock.nowMs();
    if (this.lastActivityMs !== null && this.lastActivityMs > nowMs) this.lastActivityMs = nowMs;
  }

  /** Resolves when no lease is open. */
  none(): Promise<void> {
    if (this.open === 0) return Promise.resolve();
    return new Promise((resolve) => this.waitingForNone.push(resolve));
  }
}

class CountedLease implements TrafficLease {
  private held = true;

  constructor(
    private readonly counter: TrafficCounter,
    readonly target: MachineTarget,
    private readonly waking: boolean,
  ) {}

  release(): void {
    if (!this.held) return;
    this.held = false;
    this.counter.released(this.waking);
  }
}

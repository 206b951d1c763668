/** A clock that moves only when the test says so. Timers fire in the order of their due time. */
import { Clock, type Timer } from '../../src/common/time/clock.js';

/** More timers than this without any time passing are a hot loop. */
const AT_ONCE_MAX = 1000;

interface Pending {
  dueMs: number;
  task: () => void;
}

export class ManualClock extends Clock {
  private readonly pending = new Set<Pending>();

  constructor(private currentMs = Date.parse('2026-11-24T12:00:00Z')) {
    super();
  }

  override nowMs(): number {
    return this.currentMs;
  }

  override monotonicMs(): number {
    return this.currentMs;
  }

  override after(delayMs: number, task: () => void): Timer {
    const entry = { dueMs: this.currentMs + Math.max(0, delayMs), task };
    this.pending.add(entry);
    return { cancel: () => this.pending.delete(entry) };
  }

  /**
   * The wall clock steps: forward as after a pause of the whole process (nothing has run meanwhile, timers are late), back
   * as when NTP corrects it. Timers still wait for as long as they were to wait.
   */
  jump(byMs: number): void {
    this.currentMs += byMs;
    if (byMs > 0) return;
    for (const one of this.pending) one.dueMs += byMs;
  }

  /** Moves time forward and lets promises settle between the timers that come due. */
  async advance(byMs: number): Promise<void> {
    const endMs = this.currentMs + byMs;
    let atOnce = 0;
    for (let next = this.earliest(endMs); next; next = this.earliest(endMs)) {
      this.pending.delete(next);
      // A hot loop in the code under test: fail instead of standing still for ever.
      atOnce = next.dueMs > this.currentMs ? 0 : atOnce + 1;
      if (atOnce > AT_ONCE_MAX) throw new Error(`${AT_ONCE_MAX} timers at the same instant: a hot loop`);
      this.currentMs = Math.max(this.currentMs, next.dueMs);
      next.task();
      await settle();
    }
    // Two may move time at once: it never goes back.
    this.currentMs = Math.max(this.currentMs, endMs);
    await settle();
  }

  private earliest(untilMs: number): Pending | undefined {
    return [...this.pending].filter((one) => one.dueMs <= untilMs).sort((a, b) => a.dueMs - b.dueMs)[0];
  }
}

/** Lets everything that is already resolved run to its next real wait. */
export async function settle(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

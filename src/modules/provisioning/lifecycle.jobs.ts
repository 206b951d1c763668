/** The clockwork: jobs post events into the reconciler's mailbox and do nothing else. */
import type { SchedulerRegistry } from '@nestjs/schedule';
import type { Message } from './reconciler.js';

/** Idleness is looked at once a second at least, whatever the time scale. */
const TICK_MS = 1000;
/** Never scaled: they belong to the store, not to the machine's life (architecture.md §5). */
const HEARTBEAT_MS = 1000;
const RENEW_MS = 5000;

export class LifecycleJobs {
  constructor(
    private readonly scheduler: SchedulerRegistry,
    private readonly post: (message: Message) => void,
    private readonly timeScale: number,
  ) {}

  start(): void {
    this.every('idle-shutdown', Math.max(50, TICK_MS / this.timeScale), 'tick');
    this.every('replica-heartbeat', HEARTBEAT_MS, 'heartbeat');
    this.every('pool-lease-renewal', RENEW_MS, 'renew');
  }

  /** Must be called before the store is closed. */
  stop(): void {
    for (const name of this.scheduler.getIntervals()) this.scheduler.deleteInterval(name);
  }

  private every(name: string, ms: number, type: 'tick' | 'heartbeat' | 'renew'): void {
    this.scheduler.addInterval(
      name,
      setInterval(() => this.post({ type }), ms),
    );
  }
}

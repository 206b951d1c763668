/**
 * Follows the pool for the metrics: with each emission of `state$` it looks at the machine's state and reads what is new in
 * the event log. Decides nothing and is never an input to a decision.
 */
import { Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import type { Subscription } from 'rxjs';
import { Pump } from '../../common/async/pump.js';
import { Logger } from '../../common/logging/logger.js';
import { Clock } from '../../common/time/clock.js';
import { PoolControl } from '../provisioning/provisioning.control.js';
import { ProvisioningGate, type PoolSnapshot } from '../provisioning/provisioning.gate.js';
import { LifecycleTally } from './lifecycle-tally.js';
import { MachineMeter } from './machine-meter.js';

const PAGE = 100;

@Injectable()
export class PoolWatcher implements OnModuleInit, OnModuleDestroy {
  readonly lifecycle = new LifecycleTally();
  readonly machine: MachineMeter;
  private readonly pump = new Pump(() => this.read());
  private subscription: Subscription | null = null;
  /** Of the last event that has been counted; null until the stored state is known. */
  private version: number | null = null;

  constructor(
    private readonly gate: ProvisioningGate,
    private readonly control: PoolControl,
    clock: Clock,
    private readonly log: Logger,
  ) {
    this.machine = new MachineMeter(clock);
  }

  onModuleInit(): void {
    this.subscription = this.gate.state$.subscribe((snapshot) => this.observe(snapshot));
  }

  async onModuleDestroy(): Promise<void> {
    this.subscription?.unsubscribe();
    await this.pump.idle();
  }

  private observe(snapshot: PoolSnapshot): void {
    if (!snapshot.started) return;
    this.machine.observe(snapshot);
    if (this.version === null) {
      // Not before the store has been read: its whole log would look new.
      if (snapshot.storeTrouble !== null) return;
      // What happened before this process is not counted: counters begin at zero with it.
      this.version = this.control.version();
      this.lifecycle.begin(snapshot.phaseSinceMs);
    }
    this.pump.signal();
  }

  private async read(): Promise<void> {
    try {
      for (let page = await this.next(); page.length > 0; page = await this.next()) {
        for (const event of page) this.lifecycle.add(event);
        this.version = page.at(-1)?.version ?? this.version;
      }
    } catch (error) {
      // Counted with the next emission, which comes when the store works again.
      this.log.debug({ err: error }, 'the event log could not be read for the metrics');
    }
  }

  private next() {
    return this.control.events(this.version ?? 0, PAGE);
  }
}

/**
 * The gate's implementation: lets requests in, holds them, says what the machine is. Decides nothing about the machine:
 * it reads what the reconciler has decided and posts wishes.
 */
import { BehaviorSubject, type Observable } from 'rxjs';
import type { ErrorCode } from '../../common/errors/catalogue.js';
import type { Logger } from '../../common/logging/logger.js';
import type { Clock } from '../../common/time/clock.js';
import type { CatalogueKeeper } from './catalogue-keeper.js';
import { coldAnswer, provisioningStatus } from './cold-answer.js';
import { etaMs, idleStopAtMs, startRefusal } from './domain/policy.js';
import { BRING_UP } from './domain/timings.js';
import { HoldRoom, type Guest } from './hold-room.js';
import type { CloudFinding } from './ports/cloud.port.js';
import type { Catalogue } from './ports/machine.port.js';
import {
  ProvisioningGate,
  type Admission,
  type Demand,
  type PoolSnapshot,
  type TrafficLease,
} from './provisioning.gate.js';
import type { Reconciler } from './reconciler.js';
import type { TrafficCounter } from './traffic.js';

/** How long requests may be held, in ms (architecture.md §4). */
export interface HoldPolicy {
  resumeMs: number;
  createMs: number;
  maxMs: number;
}

/** Wishes of a machine that is on its way already are noted at most this often. */
const WISH_EVERY_MS = 1000;

export class ProvisioningService extends ProvisioningGate {
  private readonly subject: BehaviorSubject<PoolSnapshot>;
  private readonly room: HoldRoom;
  private findings: CloudFinding[] = [];
  private leaving = false;
  private closed = false;
  private wishedMs = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly reconciler: Reconciler,
    private readonly traffic: TrafficCounter,
    private readonly keeper: CatalogueKeeper,
    private readonly hold: HoldPolicy,
    private readonly tools: { clock: Clock; log: Logger },
  ) {
    super();
    this.room = new HoldRoom(tools.clock);
    this.subject = new BehaviorSubject(this.snapshot());
  }

  get state$(): Observable<PoolSnapshot> {
    return this.subject;
  }

  /** Starts the lifecycle from the stored state. */
  async start(): Promise<void> {
    await this.reconciler.start(() => this.changed());
    void this.inspectAccount();
  }

  async stop(): Promise<void> {
    await this.reconciler.stop();
    this.subject.complete();
  }

  snapshot(): PoolSnapshot {
    const { record, senses } = this.reconciler.state;
    const { policy } = this.reconciler;
    const nowMs = this.tools.clock.nowMs();
    return {
      phase: record.phase,
      phaseSinceMs: record.phaseSinceMs,
      reason: record.reason,
      status: provisioningStatus(record.phase, record.wanted),
      wanted: record.wanted,
      instanceId: record.instanceId,
      instanceStatus: record.instanceStatus,
      outdated: record.instanceId !== null && record.fingerprint !== policy.fingerprint,
      remoteUrl: this.reconciler.target?.url ?? null,
      progress: record.phase === 'loading' ? senses.progress : null,
      etaMs: etaMs(record, policy.timings, nowMs),
      failure: record.phase === 'failed' ? record.failure : null,
      notBeforeMs: record.phase === 'failed' ? record.notBeforeMs : null,
      inFlight: this.traffic.open,
      held: this.room.held,
      lastActivityMs: this.traffic.lastActivityMs,
      idleStopAtMs: idleStopAtMs(record, this.traffic, policy),
      storeTrouble: this.reconciler.storeTrouble,
      leaving: this.leaving,
      started: this.reconciler.started,
      owner: policy.owner === '' ? null : policy.owner,
      findings: this.findings,
    };
  }

  tryAcquire(waking: boolean): TrafficLease | null {
    return this.closed ? null : this.traffic.tryAcquire(waking);
  }

  async acquire(demand: Demand): Promise<Admission> {
    const lease = this.tryAcquire(demand.waking);
    if (lease) return { kind: 'served', lease };
    if (this.closed) return this.cold('shutting_down');
    if (!demand.waking) return this.cold();
    if (this.reconciler.storeTrouble !== null) return this.cold('state_unavailable', this.reconciler.storeTrouble);
    const refusal = this.refusal();
    if (refusal) return this.cold('wake_refused', refusal);
    await this.wish(demand.actor);
    return this.admit(demand);
  }

  async wake(): Promise<void> {
    if (this.refusal() === null) await this.wish(null);
  }

  suspect(): void {
    this.reconciler.post({ type: 'suspected' });
  }

  catalogue(): Catalogue | null {
    return this.keeper.current;
  }

  announceLeaving(): void {
    this.leaving = true;
    this.changed();
  }

  closeDoors(): void {
    this.closed = true;
    this.room.call('give_up');
  }

  drained(): Promise<void> {
    return this.traffic.none();
  }

  /** After the wish is recorded: served, held, or told. */
  private async admit(demand: Demand): Promise<Admission> {
    const lease = this.tryAcquire(demand.waking);
    if (lease) return { kind: 'served', lease };
    if (this.reconciler.storeTrouble !== null) return this.cold('state_unavailable', this.reconciler.storeTrouble);
    if (this.closed) return this.cold('shutting_down');
    const guest = this.guestFor(demand);
    if (!guest) return this.cold();
    if (this.room.full) return this.cold('held_limit');
    const outcome = await this.room.wait(guest, guest.forMs, demand.signal);
    if (outcome === 'left') return { kind: 'left' };
    const held = outcome === 'admit' ? this.tryAcquire(demand.waking) : null;
    if (held) return { kind: 'served', lease: held };
    return this.cold(this.closed ? 'shutting_down' : undefined);
  }

  /** Whether and how long this request may be held; null = it gets the cold answer at once. */
  private guestFor(demand: Demand): (Guest & { forMs: number }) | null {
    const { record } = this.reconciler.state;
    const elapsedMs = this.tools.clock.monotonicMs() - demand.arrivedMs;
    if (record.phase === 'failed' && !record.failure?.heals) return null;
    if (demand.holdMs !== null) {
      const forMs = Math.min(demand.holdMs, this.hold.maxMs) - elapsedMs;
      return forMs > 0 ? { patient: true, forMs } : null;
    }
    // Its latch is being opened again for this request: a moment, however it came up.
    const draining = record.phase === 'draining';
    const onItsWay = BRING_UP.has(record.phase) || record.phase === 'stopped' || record.phase === 'absent';
    if (!onItsWay && !draining) return null;
    const budgetMs = draining || record.bringUp === 'resume' ? this.hold.resumeMs : this.hold.createMs;
    const eta = etaMs(record, this.reconciler.policy.timings, this.tools.clock.nowMs()) ?? Number.POSITIVE_INFINITY;
    return elapsedMs + eta <= budgetMs ? { patient: false, forMs: budgetMs - elapsedMs } : null;
  }

  /** Records the wish; while a machine is on its way already, once a second is enough. */
  private async wish(actor: string | null): Promise<void> {
    if (!this.reconciler.state.record.wanted) return this.reconciler.wake(actor);
    this.noteWish();
  }

  private noteWish(): void {
    const nowMs = this.tools.clock.monotonicMs();
    if (nowMs - this.wishedMs < WISH_EVERY_MS) return;
    this.wishedMs = nowMs;
    this.reconciler.post({ type: 'wake' });
  }

  /** Why no machine may be started now, or null. A machine that is on its way or serves needs no start. */
  private refusal(): string | null {
    const { state, policy } = this.reconciler;
    return startRefusal(state.record, policy, this.tools.clock.nowMs());
  }

  private cold(code?: ErrorCode, message?: string): Admission {
    return { kind: 'cold', answer: coldAnswer(this.snapshot(), code ? { code, message } : undefined) };
  }

  private changed(): void {
    const snapshot = this.snapshot();
    if (snapshot.phase === 'ready') this.room.call('admit');
    if (snapshot.phase === 'failed') this.room.call('give_up', snapshot.failure?.heals ?? false);
    if (snapshot.storeTrouble !== null) this.room.call('give_up');
    // Whoever is held still wants the machine.
    if (this.room.held > 0) this.noteWish();
    this.subject.next(snapshot);
  }

  private async inspectAccount(): Promise<void> {
    this.findings = await this.reconciler.preflight();
    for (const finding of this.findings) {
      const write = finding.level === 'ok' ? 'info' : 'warn';
      this.tools.log[write]({ check: finding.check, code: finding.code }, `pre-flight: ${finding.message}`);
    }
    this.changed();
  }
}

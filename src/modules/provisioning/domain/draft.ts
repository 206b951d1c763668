/**
 * One transition in the making: a copy of the state that the phase rules change, and the effects they ask for. The
 * rules speak its verbs (`enter`, `fail`, `viewWithin`, `command`), so each of them reads like architecture.md §3.
 */
import { ERROR_CATALOGUE, type ErrorCode } from '../../../common/errors/catalogue.js';
import { backoffMs } from '../../../common/time/backoff.js';
import type { CloudMachine, CloudView } from '../ports/cloud.port.js';
import { best, isLeaving } from './choice.js';
import type { Command, Effect } from './events.js';
import { NO_MACHINE, type Cleanup, type Phase, type PoolEventRecord, type PoolRecord } from './model.js';
import type { PoolPolicy, Traffic } from './policy.js';
import type { DatedView, Senses } from './senses.js';

export interface PoolState {
  record: PoolRecord;
  senses: Senses;
}

export interface Context {
  nowMs: number;
  /** In [0, 1): jitter. */
  random: number;
  /** A fresh unique id, for a launch. */
  newId: string;
  policy: PoolPolicy;
  traffic: Traffic;
}

/** What came of an operator's act: done (or on its way), or refused for a reason that the operator can act on. */
export type Verdict = { done: true } | { done: false; code: ErrorCode; message: string };

export interface Transition {
  state: PoolState;
  effects: Effect[];
  /** Set for an operator's act. */
  verdict: Verdict | null;
  /** What to append to the event log: at most one change of phase per transition, and notes. */
  log: PoolEventRecord[];
}

export class Draft {
  readonly record: PoolRecord;
  readonly senses: Senses;
  readonly nowMs: number;
  private readonly effects: Effect[] = [];
  private readonly log: PoolEventRecord[] = [];
  /** Who or what the event came from, for the log. */
  cause = 'clock';
  actor: string | null = null;
  verdict: Verdict | null = null;
  changedPhase = false;

  constructor(
    state: PoolState,
    readonly ctx: Context,
  ) {
    this.record = { ...state.record };
    this.senses = { ...state.senses };
    this.nowMs = ctx.nowMs;
  }

  get timings() {
    return this.ctx.policy.timings;
  }

  /** Milliseconds in the current phase. */
  get ageMs(): number {
    return this.nowMs - this.record.phaseSinceMs;
  }

  result(): Transition {
    return {
      state: { record: this.record, senses: this.senses },
      effects: this.effects,
      verdict: this.verdict,
      log: this.log,
    };
  }

  /** Moves to another phase; its rule runs in a transition of its own, after this one is committed. */
  enter(phase: Phase, reason: string): void {
    const { record } = this;
    this.write(phase, reason);
    this.changedPhase = true;
    record.phase = phase;
    record.phaseSinceMs = this.nowMs;
    record.reason = reason;
    this.senses.troubles = 0;
    this.senses.retryMs = 0;
    this.effects.push({ type: 'tickAt', atMs: this.nowMs });
  }

  /** Writes down what somebody asked for, where that changes no phase. */
  note(reason: string): void {
    this.write(this.record.phase, reason);
  }

  private write(to: Phase, reason: string): void {
    const { nowMs, record, cause, actor } = this;
    this.log.push({ atMs: nowMs, from: record.phase, to, reason, cause, actor });
  }

  /** Ends the attempt. A failure that heals is tried again at `notBefore` while wanted, another one needs a new wake. */
  fail(code: ErrorCode, message: string, cleanup: Cleanup = 'none'): void {
    const { record } = this;
    const heals = ERROR_CATALOGUE[code].provisioning;
    record.failureCount += 1;
    record.failure = { code, message: message || ERROR_CATALOGUE[code].message, heals, atMs: this.nowMs };
    record.notBeforeMs =
      this.nowMs +
      (heals ? backoffMs(record.failureCount, this.timings.backoff, this.ctx.random) : this.timings.personRetryMs);
    if (!heals) record.wanted = false;
    record.cleanup = record.instanceId === null ? 'none' : cleanup;
    record.operationId = null;
    this.leaveMachine();
    this.enter('failed', record.failure.message);
  }

  /** The cloud no longer knows the recorded machine (or is getting rid of it): it must not be found again in a list. */
  loseMachine(): void {
    const { senses, record } = this;
    senses.gone = senses.gone.filter((one) => this.nowMs - one.atMs < this.timings.ghostMs);
    if (record.instanceId) senses.gone = [...senses.gone, { id: record.instanceId, atMs: this.nowMs }];
    this.forgetMachine();
  }

  /** Nothing is known of a machine any more. */
  forgetMachine(): void {
    this.abandonMachine();
    Object.assign(this.record, NO_MACHINE);
  }

  /** Keeps the machine that was to be replaced. It fitted the configuration when it was last started. */
  restoreRetired(): void {
    this.record.instanceId = this.record.retiredInstanceId;
    this.record.fingerprint = this.ctx.policy.fingerprint;
    this.record.linkEpoch = this.ctx.policy.linkEpoch;
    this.record.retiredInstanceId = null;
    this.record.bringUp = 'resume';
    // What was seen before was seen of another machine.
    this.blur();
  }

  /** Takes a machine of the cloud into the record. */
  recordMachine(machine: CloudMachine): void {
    this.record.instanceId = machine.id;
    this.record.launchId = machine.launchId ?? this.record.launchId ?? this.ctx.newId;
    this.record.fingerprint = machine.fingerprint;
    this.record.linkEpoch = machine.linkEpoch;
    this.record.instanceStatus = machine.status;
    this.record.createAttemptMs = null;
    this.senses.view = null;
  }

  /**
   * The last look if it is younger than `maxAgeMs`; else null, and a look is on its way. Either way the pool is looked
   * at again when this view is too old, so a rule that waits for the cloud only has to ask.
   */
  viewWithin(maxAgeMs: number): DatedView | null {
    const { view } = this.senses;
    if (view && this.nowMs - view.atMs < maxAgeMs) {
      this.tickAt(view.atMs + maxAgeMs);
      return view;
    }
    if (this.nowMs < this.senses.retryMs) {
      this.tickAt(this.senses.retryMs);
      return null;
    }
    if (!this.senses.looking) {
      this.senses.looking = true;
      this.effects.push({ type: 'look', seq: this.senses.lookSeq });
    }
    return null;
  }

  /** Sends a mutating call; what was seen before it counts no more. */
  command(command: Command): void {
    if (this.senses.commanding) return;
    if (this.nowMs < this.senses.retryMs) return this.tickAt(this.senses.retryMs);
    this.senses.commanding = command.type;
    this.blur();
    this.effects.push({ type: 'command', command });
  }

  /** The world may have changed: looks under way and taken before now are void. */
  blur(): void {
    this.senses.view = null;
    this.senses.looking = false;
    this.senses.lookSeq += 1;
  }

  /** Try again after a back-off that begins with `firstMs`; null = after a poll interval, however often. */
  retryLater(firstMs: number | null = this.timings.backoff.firstMs): void {
    const { backoff, pollMs } = this.timings;
    this.senses.troubles += 1;
    const waitMs =
      firstMs === null ? pollMs : backoffMs(this.senses.troubles, { ...backoff, firstMs }, this.ctx.random);
    this.senses.retryMs = this.nowMs + waitMs;
    this.tickAt(this.senses.retryMs);
  }

  tickAt(atMs: number): void {
    this.effects.push({ type: 'tickAt', atMs });
  }

  probe(address: string, everyMs: number): void {
    const { senses } = this;
    if (senses.probing) return;
    const dueMs = (senses.probedMs ?? -Infinity) + everyMs;
    if (this.nowMs < dueMs) return this.tickAt(dueMs);
    senses.probing = true;
    senses.probedMs = this.nowMs;
    this.effects.push({ type: 'probe', address, seq: senses.machineSeq });
  }

  prepare(address: string): void {
    const { senses } = this;
    if (senses.preparing) return;
    if (this.nowMs < senses.prepareMs) return this.tickAt(senses.prepareMs);
    senses.preparing = true;
    senses.progress = null;
    senses.progressMs ??= this.nowMs;
    this.effects.push({ type: 'prepare', address, seq: senses.machineSeq });
  }

  /** After a load that was broken off (the registry or Ollama went away): again, but not in a hot loop. */
  prepareLater(): void {
    const { senses } = this;
    senses.brokenLoads += 1;
    senses.progress = null;
    senses.prepareMs = this.nowMs + backoffMs(senses.brokenLoads, this.timings.backoff, this.ctx.random);
  }

  latch(address: string): void {
    const { senses } = this;
    if (this.nowMs < senses.latchRetryMs) return this.tickAt(senses.latchRetryMs);
    senses.latch = 'closing';
    this.effects.push({ type: 'latch', address, seq: senses.machineSeq });
  }

  unlatch(address: string): void {
    this.senses.latch = 'opening';
    this.effects.push({ type: 'unlatch', address, seq: this.senses.machineSeq });
  }

  /** Tells the dead-man timer what has changed; what could not be told is told again. */
  instruct(address: string): void {
    if (this.senses.instructions !== 'due') return;
    this.senses.instructions = 'sent';
    this.effects.push({ type: 'instruct', address, seq: this.senses.machineSeq });
  }

  pullOthers(address: string): void {
    if (this.senses.othersPulled) return;
    this.senses.othersPulled = true;
    this.effects.push({ type: 'pullOthers', address });
  }

  /** Only after work: clients may have pulled models; reading an idle machine would look like traffic to it. */
  catalogueAfterWork(address: string): void {
    const { senses, ctx } = this;
    if (this.nowMs - senses.cataloguedMs < this.timings.catalogueMs) return;
    if (ctx.traffic.open === 0 && (ctx.traffic.lastActivityMs ?? 0) <= senses.cataloguedMs) return;
    senses.cataloguedMs = this.nowMs;
    this.effects.push({ type: 'catalogue', address });
  }

  /** Machines of our pool and owner that are not on their way out. */
  ours(view: CloudView): CloudMachine[] {
    return view.pool.filter((one) => one.owner === this.ctx.policy.owner && !isLeaving(one) && !this.isGhost(one));
  }

  private isGhost({ id }: CloudMachine): boolean {
    return this.senses.gone.some((one) => one.id === id && this.nowMs - one.atMs < this.timings.ghostMs);
  }

  /** Machines of our pool that belong to somebody else, and whom we were not told to take over. */
  foreign(view: CloudView): CloudMachine[] {
    const { owner, adoptOwner } = this.ctx.policy;
    return view.pool.filter((one) => one.owner !== owner && one.owner !== adoptOwner && !isLeaving(one));
  }

  /** A machine we were told to take over: of GATEWAY_ADOPT_OWNER, else the one named EXOSCALE_ADOPT_NAME. */
  adoptable(view: CloudView): CloudMachine | undefined {
    const { adoptOwner } = this.ctx.policy;
    const handedOver = view.pool.filter((one) => adoptOwner && one.owner === adoptOwner && !isLeaving(one));
    return best(handedOver) ?? (view.named.length === 1 ? view.named[0] : undefined);
  }

  /** The machine has another address than was thought: whatever was begun at the old one is void. */
  moveTo(address: string | null): void {
    this.abandonMachine();
    this.record.address = address;
  }

  private abandonMachine(): void {
    const { senses } = this;
    if (senses.probing || senses.preparing || senses.othersPulled) this.effects.push({ type: 'abandon' });
    Object.assign(senses, {
      progress: null,
      bestProgress: 0,
      progressMs: null,
      probedMs: null,
      missedProbes: 0,
      othersPulled: false,
      machineSeq: senses.machineSeq + 1,
      probing: false,
      preparing: false,
      brokenLoads: 0,
      prepareMs: 0,
      latch: 'open',
      latchedBusy: 0,
      latchFailures: 0,
      latchRetryMs: 0,
      instructions: 'known',
      refusals: 0,
      refusedSinceMs: null,
    } satisfies Partial<Senses>);
  }

  /** Called when the machine serves no more: what it had been proven to be counts no longer. */
  leaveMachine(): void {
    this.abandonMachine();
    this.record.address = null;
    this.record.readyMs = null;
  }
}

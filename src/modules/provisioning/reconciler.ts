/**
 * The one writer: takes one event at a time from its mailbox, lets the pure core decide, commits, and only then acts.
 * The only caller of the cloud. It never awaits slow work inside the loop: each effect ends by posting an event.
 */
import { Mailbox } from '../../common/async/mailbox.js';
import { ERROR_CATALOGUE } from '../../common/errors/catalogue.js';
import type { Logger } from '../../common/logging/logger.js';
import type { Clock, Timer } from '../../common/time/clock.js';
import type { PoolState, Transition, Verdict } from './domain/draft.js';
import { NO_SENSES } from './domain/senses.js';
import type { Effect, OperatorAct, PoolEvent, Report } from './domain/events.js';
import { newRecord, type PoolRecord } from './domain/model.js';
import type { PoolPolicy } from './domain/policy.js';
import { transition } from './domain/transition.js';
import type { EffectRunner } from './effect-runner.js';
import type { CloudFinding } from './ports/cloud.port.js';
import { isSameTarget, type MachineTarget } from './ports/machine.port.js';
import type { StateStorePort, StoredEvent } from './ports/state-store.port.js';
import type { TrafficCounter } from './traffic.js';

export interface Chance {
  /** In [0, 1). */
  random(): number;
  newId(): string;
}

/** An operator's act, and who wants to know what came of it. */
interface OperatorRequest {
  type: 'operator';
  act: OperatorAct;
  actor: string;
  answer: (verdict: Verdict) => void;
}

export type Message = Report | OperatorRequest | { type: 'heartbeat' } | { type: 'renew' };

/** Pool lease: never scaled, signatures must outlive a call (architecture.md §5). */
const LEASE_TTL_MS = 15_000;
/** After a write that failed: when to look whether writing works again. */
const STORE_RETRY_MS = 1000;

export class Reconciler {
  /** The newest decided state; replaced, never changed. */
  state: PoolState = { record: newRecord(0), senses: NO_SENSES };
  policy: PoolPolicy;
  started = false;
  /** Of the stored record. */
  version = 0;
  /** Set while the store takes no writes. */
  storeTrouble: string | null = null;

  private readonly mailbox: Mailbox<Message>;
  private readonly bootId: string;
  private epoch: number | null = null;
  private timer: { dueMs: number; handle: Timer } | null = null;
  private wakeWaiters: (() => void)[] = [];
  private onChange: () => void = () => undefined;
  private leaving = false;
  private opened = false;
  private knownTarget: MachineTarget | null = null;

  constructor(
    private readonly store: StateStorePort,
    private readonly runner: EffectRunner,
    private readonly traffic: TrafficCounter,
    private readonly tools: { clock: Clock; chance: Chance; log: Logger },
    policy: Omit<PoolPolicy, 'owner'>,
  ) {
    this.policy = { ...policy, owner: '' };
    this.bootId = tools.chance.newId();
    this.mailbox = new Mailbox(
      (message) => this.handle(message),
      (error, message) => tools.log.error({ err: error, event: message.type }, 'the reconciler made a mistake'),
    );
  }

  /**
   * Reads the stored state and goes on from there, in any phase, without a new request. A store that cannot be opened
   * is tried again with each renewal of the lease; until then nothing is decided.
   */
  async start(onChange: () => void): Promise<void> {
    this.onChange = onChange;
    this.runner.start((event) => this.post(event));
    await this.open();
    this.started = true;
    this.publish();
  }

  /** What the account lacks, read in the background at start-up. */
  preflight(): Promise<CloudFinding[]> {
    return this.runner.preflight(this.policy.owner);
  }

  /** Where the recorded machine answers: one object per place, so that the data plane can compare it by reference. */
  get target(): MachineTarget | null {
    const next = this.runner.targetOf(this.state.record);
    const same = next && this.knownTarget && isSameTarget(next, this.knownTarget);
    if (!same) this.knownTarget = next;
    return this.knownTarget;
  }

  /** Posts an event; never waits. */
  post(message: Message): void {
    this.mailbox.post(message);
  }

  /** Resolves when a wish has been recorded or could not be; a thousand callers share one event. */
  wake(actor: string | null = null): Promise<void> {
    return new Promise((resolve) => {
      this.wakeWaiters.push(resolve);
      if (this.wakeWaiters.length === 1) this.post({ type: 'wake', actor });
    });
  }

  /** Carries out an operator's act, or says why not. */
  operate(act: OperatorAct, actor: string): Promise<Verdict> {
    return new Promise((answer) => this.post({ type: 'operator', act, actor, answer }));
  }

  /** The event log after `afterVersion`, oldest first. */
  events(afterVersion: number, limit: number): Promise<StoredEvent[]> {
    return this.store.events(afterVersion, limit);
  }

  /** Brings the current step to a recorded point and stops deciding; the next process goes on. */
  async stop(): Promise<void> {
    this.leaving = true;
    this.timer?.handle.cancel();
    await this.runner.stop();
    await this.mailbox.idle();
    await this.mailbox.close();
    // The idle clock of the next process begins where ours ends, not up to a second before.
    await this.heartbeat();
    if (this.epoch !== null) await this.store.releaseLease(this.bootId, this.epoch).catch(this.ignoreStoreTrouble);
    await this.store.close();
  }

  private async open(): Promise<void> {
    try {
      await this.store.open();
      this.policy = { ...this.policy, owner: await this.store.ownerId() };
      await this.runner.restore();
      await this.restoreActivity();
      await this.takeLease();
      this.opened = true;
      this.post({ type: 'restarted' });
    } catch (error) {
      this.storeFailed(error);
    }
  }

  private async handle(message: Message): Promise<void> {
    if (message.type === 'heartbeat') return this.heartbeat();
    if (message.type === 'renew') return this.renew();
    let verdict: Verdict | null = null;
    try {
      // Without the lease nothing is decided: the control plane fails closed, the data plane serves on.
      if (this.epoch !== null) verdict = await this.step(message);
    } finally {
      if (message.type === 'wake') for (const done of this.wakeWaiters.splice(0)) done();
      if (message.type === 'operator') message.answer(verdict ?? this.unavailable());
    }
  }

  private unavailable(): Verdict {
    const { message } = ERROR_CATALOGUE.state_unavailable;
    return { done: false, code: 'state_unavailable', message: this.storeTrouble ?? message };
  }

  /** What came of an operator's act; null for other events, and when it could not be written down. */
  private async step(event: PoolEvent): Promise<Verdict | null> {
    const { clock, chance } = this.tools;
    this.traffic.forgetFuture();
    const next = transition(this.state, event, {
      nowMs: clock.nowMs(),
      random: chance.random(),
      newId: chance.newId(),
      policy: this.policy,
      traffic: this.traffic,
    });
    // Closed before the commit, in the same breath as the decision: nobody slips in while it is written.
    if (next.state.record.phase !== 'ready') this.traffic.close();
    if (!(await this.commit(next))) {
      this.state = undone(this.state.record, next, clock.nowMs());
      this.tickAt(clock.nowMs() + STORE_RETRY_MS);
      this.publish();
      return null;
    }
    this.state = next.state;
    this.publish();
    for (const entry of next.log) {
      const { from, to, cause, actor, reason } = entry;
      this.tools.log.info({ from, to, cause, ...(actor !== null && { actor }) }, `phase ${to}: ${reason}`);
    }
    if (!this.leaving) for (const effect of next.effects) this.perform(effect);
    return next.verdict;
  }

  private perform(effect: Effect): void {
    if (effect.type === 'tickAt') return this.tickAt(effect.atMs);
    const { record } = this.state;
    const { epoch, version } = this;
    this.runner.run(effect, record, () => this.store.intent(epoch ?? -1, version, effect.type));
  }

  /** True when the record is stored (or did not change). */
  private async commit(next: Transition): Promise<boolean> {
    const patch = difference(this.state.record, next.state.record);
    if (!patch && next.log.length === 0) return true;
    try {
      const result = await this.store.commit(this.version, this.epoch ?? -1, patch ?? {}, next.log);
      this.storeWorks();
      if (result.ok) {
        this.version = result.version;
        return true;
      }
      this.epoch = null;
      this.storeFailed(new Error('This process has lost the lease of its pool; it is taken again in a moment.'));
      this.post({ type: 'renew' });
      return false;
    } catch (error) {
      this.storeFailed(error);
      return false;
    }
  }

  private async heartbeat(): Promise<void> {
    if (!this.opened) return;
    try {
      const { open, lastActivityMs } = this.traffic;
      await this.store.heartbeat({ bootId: this.bootId, inFlight: open, lastActivityMs });
      this.storeWorks();
    } catch (error) {
      this.storeFailed(error);
    }
  }

  private async renew(): Promise<void> {
    if (!this.opened) return this.open();
    try {
      const lease = this.epoch === null ? null : await this.store.renewLease(this.bootId, this.epoch, LEASE_TTL_MS);
      if (lease) return;
      const before = this.version;
      await this.takeLease();
      this.post({ type: this.version === before ? 'tick' : 'restarted' });
    } catch (error) {
      this.storeFailed(error);
    }
  }

  /** With a new lease the stored record is the truth, whatever this process believed; if nobody wrote it is the same. */
  private async takeLease(): Promise<void> {
    const lease = await this.store.acquireLease(this.bootId, LEASE_TTL_MS);
    this.epoch = lease?.epoch ?? null;
    if (!lease) return this.storeFailed(new Error('Another gateway process holds the lease of this pool.'));
    const stored = await this.store.read();
    this.version = stored?.version ?? 0;
    const record = stored?.record ?? newRecord(this.tools.clock.nowMs());
    // What came back while there was no lease has been dropped: whatever was under way counts as never begun.
    const { lookSeq, machineSeq, latch } = this.state.senses;
    this.runner.abandon();
    const senses = {
      ...NO_SENSES,
      lookSeq: lookSeq + 1,
      machineSeq: machineSeq + 1,
      progressMs: this.tools.clock.nowMs(),
      latch: latch === 'open' ? latch : ('unknown' as const),
    };
    this.state = { record, senses };
    // Said only now: whoever hears it may ask for the stored state and its version.
    this.storeWorks();
  }

  /** The idle clock survives a restart: a stream that was open when the process died counts as work until then. */
  private async restoreActivity(): Promise<void> {
    const beats = await this.store.heartbeats(Number.POSITIVE_INFINITY);
    const ends = beats.map((beat) => (beat.inFlight > 0 ? beat.atMs : beat.lastActivityMs)).filter((at) => at !== null);
    if (ends.length > 0) this.traffic.lastActivityMs = Math.max(...ends);
  }

  private tickAt(atMs: number): void {
    if (this.timer && this.timer.dueMs <= atMs) return;
    this.timer?.handle.cancel();
    const delayMs = Math.max(0, atMs - this.tools.clock.nowMs());
    const handle = this.tools.clock.after(delayMs, () => {
      this.timer = null;
      this.post({ type: 'tick' });
    });
    this.timer = { dueMs: atMs, handle };
  }

  private publish(): void {
    const { target } = this;
    if (this.state.record.phase === 'ready' && target) this.traffic.admit(target);
    else this.traffic.close();
    this.onChange();
  }

  private storeWorks(): void {
    if (this.storeTrouble === null || this.epoch === null) return;
    this.storeTrouble = null;
    this.tools.log.info({}, 'the state store takes writes again');
    this.publish();
    this.post({ type: 'tick' });
  }

  private storeFailed(error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    if (this.storeTrouble !== message)
      this.tools.log.error({ err: error }, 'the state store takes no writes: no machine is started');
    this.storeTrouble = message;
    this.publish();
  }

  private readonly ignoreStoreTrouble = (error: unknown): void => {
    this.tools.log.warn({ err: error }, 'the pool lease could not be released; it expires by itself');
  };
}

/** What was decided but could not be written has not happened: facts are kept, wishes and plans are not. */
function undone(record: PoolRecord, next: Transition, nowMs: number): PoolState {
  const retryMs = Math.max(next.state.senses.retryMs, nowMs + STORE_RETRY_MS);
  const senses = { ...next.state.senses, view: null, retryMs, probedMs: nowMs };
  for (const effect of next.effects) {
    if (effect.type === 'look') senses.looking = false;
    if (effect.type === 'command') senses.commanding = null;
    if (effect.type === 'probe') senses.probing = false;
    if (effect.type === 'prepare') senses.preparing = false;
    if (effect.type === 'latch') senses.latch = 'open';
    if (effect.type === 'unlatch') senses.latch = 'closed';
    if (effect.type === 'instruct') senses.instructions = 'due';
  }
  return { record, senses };
}

/** The fields that changed, or null. */
function difference(before: PoolRecord, after: PoolRecord): Partial<PoolRecord> | null {
  const keys = Object.keys(after) as (keyof PoolRecord)[];
  const changed = keys.filter((key) => before[key] !== after[key]);
  return changed.length === 0 ? null : Object.fromEntries(changed.map((key) => [key, after[key]]));
}

/**
 * What the event log says about the machine's life, as counts: bring-ups by reason, time in each phase, time to ready. Pure:
 * it is told each transition, in order, and asks nobody.
 */
import { DurationTally } from '../../common/metrics/duration-tally.js';
import { KindTally } from '../../common/metrics/kind-tally.js';
import type { StoredEvent } from '../provisioning/provisioning.control.js';

type Phase = StoredEvent['to'];

/** Each phase, for the compiler to miss the one that is forgotten here. */
const EVERY_PHASE: Readonly<Record<Phase, true>> = {
  absent: true,
  creating: true,
  starting: true,
  booting: true,
  loading: true,
  ready: true,
  draining: true,
  stopping: true,
  stopped: true,
  deleting: true,
  failed: true,
};
export const PHASES = Object.keys(EVERY_PHASE) as Phase[];

/** Why a bring-up was begun. A wish that came while the machine was still being stopped counts as a request. */
export const WAKE_REASONS = ['request', 'operator', 'retry', 'adoption'] as const;
type WakeReason = (typeof WAKE_REASONS)[number];

export const BRING_UPS = ['create', 'resume'] as const;
type BringUp = (typeof BRING_UPS)[number];

const PHASE_BOUNDS_SEC = [1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 14_400, 86_400];
const READY_BOUNDS_SEC = [5, 10, 20, 30, 45, 60, 120, 180, 300, 420, 600, 900, 1800];
const ON_ITS_WAY: ReadonlySet<Phase> = new Set<Phase>(['creating', 'starting', 'booting', 'loading']);

export class LifecycleTally {
  readonly wakes = new KindTally<WakeReason>(WAKE_REASONS);
  readonly phases = new DurationTally<Phase>(PHASES, PHASE_BOUNDS_SEC);
  readonly timeToReady = new DurationTally<BringUp>(BRING_UPS, READY_BOUNDS_SEC);
  private sinceMs: number | null = null;
  private bringUp: { kind: BringUp; sinceMs: number } | null = null;

  /** Since when the machine is in the phase that the first transition will leave. */
  begin(phaseSinceMs: number): void {
    this.sinceMs = phaseSinceMs;
  }

  /** @param event the next one of the log; an act of an operator that changes no phase counts for nothing here */
  add(event: StoredEvent): void {
    if (event.from === event.to) return;
    if (this.sinceMs !== null) this.phases.observe(event.from, secondsBetween(this.sinceMs, event.atMs));
    this.sinceMs = event.atMs;
    if (beginsBringUp(event)) {
      this.bringUp = { kind: 'resume', sinceMs: event.atMs };
      this.wakes.add(reasonOf(event));
    }
    if (this.bringUp && event.to === 'creating') this.bringUp.kind = 'create';
    if (this.bringUp && event.to === 'ready') {
      this.timeToReady.observe(this.bringUp.kind, secondsBetween(this.bringUp.sinceMs, event.atMs));
    }
    if (!ON_ITS_WAY.has(event.to)) this.bringUp = null;
  }
}

/** A machine is created or started that was not on its way before. */
function beginsBringUp({ from, to }: StoredEvent): boolean {
  return (to === 'creating' || to === 'starting') && !ON_ITS_WAY.has(from);
}

function reasonOf({ from, to, cause }: StoredEvent): WakeReason {
  if (cause === 'operator' || cause === 'request') return cause;
  if (from === 'failed') return 'retry';
  // Only a machine that was found can be started where there was none.
  return from === 'absent' && to === 'starting' ? 'adoption' : 'request';
}

/** The wall clock may have been set back in between. */
function secondsBetween(fromMs: number, toMs: number): number {
  return Math.max(0, toMs - fromMs) / 1000;
}

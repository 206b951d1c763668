/**
 * Wall clocks are set back: by NTP, by an operator, by a virtual machine that was paused. A time in the future would then
 * hold up looks, deadlines and the idle stop for as long as the step was wide, so it is taken as now.
 */
import type { PoolState } from './draft.js';
import type { Timings } from './timings.js';

/** The same state with no past time after `nowMs`, and no planned time later than the longest back-off allows. */
export function withoutFuture({ record, senses }: PoolState, timings: Timings, nowMs: number): PoolState {
  const past = <T extends number | null>(atMs: T) => (atMs !== null && atMs > nowMs ? nowMs : atMs) as T;
  const latestMs = nowMs + Math.max(timings.backoff.maxMs, timings.personRetryMs);
  return {
    record: {
      ...record,
      phaseSinceMs: past(record.phaseSinceMs),
      bringUpSinceMs: past(record.bringUpSinceMs),
      createAttemptMs: past(record.createAttemptMs),
      lastWakeMs: past(record.lastWakeMs),
      readyMs: past(record.readyMs),
      // Kept as they are unless one lies ahead: the same list is no change to write.
      startsMs: record.startsMs.some((at) => at > nowMs) ? record.startsMs.map(past) : record.startsMs,
      notBeforeMs: record.notBeforeMs === null ? null : Math.min(record.notBeforeMs, latestMs),
    },
    senses: {
      ...senses,
      view: senses.view && { ...senses.view, atMs: past(senses.view.atMs) },
      probedMs: past(senses.probedMs),
      progressMs: past(senses.progressMs),
      cataloguedMs: past(senses.cataloguedMs),
      retryMs: Math.min(senses.retryMs, latestMs),
      prepareMs: Math.min(senses.prepareMs, latestMs),
      latchRetryMs: Math.min(senses.latchRetryMs, latestMs),
      busySinceMs: past(senses.busySinceMs),
      busyUntilMs: Math.min(senses.busyUntilMs, latestMs),
      refusedSinceMs: past(senses.refusedSinceMs),
    },
  };
}

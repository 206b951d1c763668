/** What a wish changes: whoever asks, a request or an operator. */
import type { Draft } from './draft.js';
import { isBlocked } from './phases/asleep.js';

/** Somebody wants the machine. While draining the rule of the phase sees it. */
export function wake(d: Draft): void {
  const { record } = d;
  record.lastWakeMs = d.nowMs;
  // A failure that a person must mend is not tried again on every request.
  const needsPerson = record.phase === 'failed' && !record.failure?.heals;
  if (!needsPerson || (d.nowMs >= (record.notBeforeMs ?? 0) && !isBlocked(record))) record.wanted = true;
}

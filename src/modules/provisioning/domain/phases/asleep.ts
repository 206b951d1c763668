/** Rules for the phases in which no machine runs and none is on its way: absent, stopped, failed. */
import { best } from '../choice.js';
import type { Draft } from '../draft.js';
import type { DatedView } from '../senses.js';
import { startsAllowedAgainMs } from '../policy.js';
import { ensureGone, ensureStopped } from './stopping.js';

/** No machine: find a forgotten or foreign one, or begin to create. */
export function absent(d: Draft): void {
  if (d.record.wanted && mayStart(d)) return beginCreate(d, 'a request wants the machine');
  const view = d.viewWithin(d.timings.asleepLookMs);
  if (!view || d.senses.commanding) return;
  const found = best(d.ours(view));
  if (found) return adopt(d, found.id, view);
  if (reportForeign(d, view)) return;
  const handedOver = d.adoptable(view);
  if (handedOver) takeOver(d, handedOver.id, handedOver.launchId);
}

/** Disk kept: start it when wanted, replace it when it no longer fits, destroy it when it is old. */
export function stopped(d: Draft): void {
  const { record, ctx } = d;
  const outdated = record.fingerprint !== ctx.policy.fingerprint;
  if (record.wanted && mayStart(d)) {
    if (outdated) return d.enter('deleting', 'the configuration has changed: the machine is replaced');
    record.bringUp = 'resume';
    record.bringUpSinceMs = d.nowMs;
    return d.enter('starting', 'a request wants the machine');
  }
  const { destroyAfterMs } = ctx.policy;
  if (destroyAfterMs > 0 && d.ageMs >= destroyAfterMs) return d.enter('deleting', 'stopped for GATEWAY_DESTROY_AFTER');
  const view = d.viewWithin(d.timings.asleepLookMs);
  if (!view || d.senses.commanding) return;
  if (!view.recorded) return goneByHand(d);
  record.instanceStatus = view.recorded.status;
  if (view.recorded.status === 'stopped') return void reapTwins(d, view);
  // Started outside the gateway, or a call that arrived late: nobody of ours wants it to run.
  d.enter('stopping', `found ${view.recorded.status} although nobody wants it`);
}

/** The last attempt failed: put the machine away as the failure asks, then try again when it is time. */
export function failed(d: Draft): void {
  const { record } = d;
  if (d.senses.commanding) return;
  // Streams of before may still be open on a machine that could not be proven again.
  if (record.cleanup !== 'none' && d.ctx.traffic.open > 0) return;
  if (record.cleanup === 'destroy') {
    if (!ensureGone(d)) return;
    d.loseMachine();
  }
  if (record.cleanup === 'stop') {
    const end = ensureStopped(d);
    if (end === 'pending') return;
    if (end === 'gone') d.loseMachine();
    record.cleanup = 'none';
  }
  if (isBlocked(record)) return rest(d);
  const due = d.nowMs >= (record.notBeforeMs ?? 0);
  if (record.wanted && due && mayStart(d)) return retry(d);
  if (record.wanted && !due) d.tickAt(record.notBeforeMs ?? d.nowMs);
  rest(d);
}

/** The next attempt goes on with what is there: the failure stays visible until it is ready. */
function retry(d: Draft): void {
  const { record } = d;
  record.bringUpSinceMs = d.nowMs;
  // With a successor that is not settled yet, its predecessor has still to go.
  if (!record.instanceId || record.retiredInstanceId) return beginCreate(d, 'next attempt');
  if (record.fingerprint !== d.ctx.policy.fingerprint) {
    return d.enter('deleting', 'the configuration has changed: the machine is replaced');
  }
  d.enter('starting', 'next attempt');
}

/** While it waits: the account may have changed, or the machine may run without anybody. */
function rest(d: Draft): void {
  const { record } = d;
  if (!record.wanted && record.retiredInstanceId && !record.instanceId) {
    // A machine that was to be replaced and never was must not be forgotten.
    d.restoreRetired();
    return d.tickAt(d.nowMs);
  }
  if (!record.wanted && record.failure?.heals) {
    record.failureCount = 0;
    return d.enter(
      record.instanceId ? 'stopped' : 'absent',
      `nobody wants it any more; last: ${record.failure.message}`,
    );
  }
  const { destroyAfterMs } = d.ctx.policy;
  if (record.instanceId && destroyAfterMs > 0 && d.ageMs >= destroyAfterMs) {
    return d.enter('deleting', 'stopped for GATEWAY_DESTROY_AFTER');
  }
  const view = d.viewWithin(d.timings.asleepLookMs);
  if (!view) return;
  if (isBlocked(record) && d.foreign(view).length === 0 && view.named.length <= 1) {
    record.failure = null;
    record.failureCount = 0;
    record.notBeforeMs = null;
    return d.enter(record.instanceId ? 'stopped' : 'absent', 'what was in the way is gone');
  }
  if (record.instanceId) {
    if (!view.recorded) return d.loseMachine();
    record.instanceStatus = view.recorded.status;
    if (view.recorded.status === 'error') {
      record.cleanup = 'destroy';
      return d.tickAt(d.nowMs);
    }
    // A start whose answer was lost went through after all.
    if (view.recorded.status === 'running') {
      if (record.wanted && record.failure?.heals) return d.enter('starting', 'the machine runs after all');
      record.cleanup = 'stop';
      d.tickAt(d.nowMs);
    }
    return;
  }
  // A create whose answer was lost went through after all.
  const late = best(d.ours(view).filter((one) => one.id !== record.retiredInstanceId));
  if (late) d.recordMachine(late);
}

/** Something in the account is in the way; trying again changes nothing, looking again does. */
export function isBlocked(record: Draft['record']): boolean {
  return record.failure?.code === 'pool_in_use' || record.failure?.code === 'adopt_ambiguous';
}

function mayStart(d: Draft): boolean {
  const allowedMs = startsAllowedAgainMs(d.record, d.ctx.policy, d.nowMs);
  if (allowedMs === null) return true;
  d.tickAt(allowedMs);
  return false;
}

function beginCreate(d: Draft, reason: string): void {
  const { record } = d;
  record.launchId ??= d.ctx.newId;
  record.bringUp = 'create';
  record.bringUpSinceMs = d.nowMs;
  // The decision rests on a look of its own.
  d.blur();
  d.enter('creating', reason);
}

function adopt(d: Draft, id: string, view: DatedView): void {
  const machine = d.ours(view).find((one) => one.id === id);
  if (!machine) return;
  d.recordMachine(machine);
  const reason = 'found a machine of this pool and owner';
  if (machine.status === 'stopped') return d.enter('stopped', reason);
  if (machine.status === 'stopping') return d.enter('stopping', reason);
  if (machine.status === 'error') return d.enter('deleting', `${reason} in state error`);
  d.record.bringUp = 'resume';
  d.record.bringUpSinceMs = d.nowMs;
  d.enter('starting', `${reason}, ${machine.status}`);
}

/** True when a foreign machine blocks the pool; it is named and never touched. */
export function reportForeign(d: Draft, view: DatedView): boolean {
  const [foreign] = d.foreign(view);
  if (foreign) {
    d.fail(
      'pool_in_use',
      `Instance ${foreign.id} of this pool belongs to owner ${foreign.owner ?? '(none)'}. Stop the other gateway, choose another GATEWAY_POOL, or set GATEWAY_ADOPT_OWNER=${foreign.owner ?? ''} to take it over. Replicas must share one state store.`,
    );
    return true;
  }
  if (view.named.length > 1) {
    d.fail('adopt_ambiguous', '');
    return true;
  }
  return false;
}

/** Gives a machine we were told to take over our labels; the next look finds it as ours. */
export function takeOver(d: Draft, instanceId: string, launchId: string | null): void {
  d.command({ type: 'label', instanceId, launchId: launchId ?? d.ctx.newId, owner: d.ctx.policy.owner });
}

function goneByHand(d: Draft): void {
  d.loseMachine();
  d.enter('absent', 'the machine was deleted outside the gateway');
}

/** Duplicates of the current launch are deleted at once; other machines of ours are left to the sweeper. */
export function reapTwins(d: Draft, view: DatedView): boolean {
  const twin = d.ours(view).find((one) => one.id !== d.record.instanceId && one.launchId === d.record.launchId);
  if (!twin) return false;
  d.command({ type: 'destroy', instanceId: twin.id });
  return true;
}

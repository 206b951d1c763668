/** Rules for a machine that serves. */
import { isLeaving } from '../choice.js';
import type { Draft } from '../draft.js';
import { idleStopAtMs } from '../policy.js';
import { reapTwins } from './asleep.js';

/** Consecutive probes without an answer before a ready machine counts as away. */
export const MISSED_PROBES = 3;

/** Serves. A cloud that does not answer changes nothing here (the data plane fails open). */
export function ready(d: Draft): void {
  const { record, senses, ctx } = d;
  // Use of our own is no noise: whatever else shows on the machine has its hour again.
  if (ctx.traffic.open > 0 || (ctx.traffic.lastActivityMs ?? 0) > (senses.busySinceMs ?? 0)) senses.busySinceMs = null;
  const idleMs = idleStopAtMs(record, ctx.traffic, ctx.policy);
  if (idleMs !== null && d.nowMs >= Math.max(idleMs, senses.busyUntilMs)) {
    record.wanted = false;
    return d.enter('draining', idleReason(d));
  }
  if (idleMs !== null) d.tickAt(Math.max(idleMs, senses.busyUntilMs));

  const view = d.viewWithin(d.timings.readyLookMs);
  if (view && !senses.commanding) {
    const machine = view.recorded;
    if (!machine || isLeaving(machine)) return lost(d, 'absent', 'the machine was deleted outside the gateway');
    record.instanceStatus = machine.status;
    if (machine.status === 'stopped') return lost(d, 'stopped', 'the machine was stopped outside the gateway');
    if (machine.status === 'stopping') return lost(d, 'stopping', 'the machine is being stopped outside the gateway');
    if (machine.address && machine.address !== record.address) {
      d.moveTo(machine.address);
      return prove(d, 'the machine has another address');
    }
    if (senses.missedProbes >= MISSED_PROBES) return prove(d, 'Ollama on the machine stopped answering');
    reapTwins(d, view);
  }
  if (!record.address) return;
  d.probe(record.address, d.timings.readyProbeMs);
  d.instruct(record.address);
  d.pullOthers(record.address);
  d.catalogueAfterWork(record.address);
}

/** A ready machine that is not where or what it was must be proven again before it serves. */
export function prove(d: Draft, reason: string): void {
  d.senses.missedProbes = 0;
  d.record.bringUp = 'resume';
  d.record.bringUpSinceMs = d.nowMs;
  d.enter('booting', reason);
}

/** Repaired on the next wake, not before: whoever stopped it may have had a reason. */
function lost(d: Draft, phase: 'absent' | 'stopped' | 'stopping', reason: string): void {
  d.record.wanted = false;
  d.leaveMachine();
  if (phase === 'absent') d.loseMachine();
  d.enter(phase, reason);
}

function idleReason(d: Draft): string {
  const { lastActivityMs } = d.ctx.traffic;
  const used = lastActivityMs !== null && lastActivityMs >= (d.record.readyMs ?? 0);
  return used ? 'idle' : 'nobody used it after it was ready';
}

/** Rules for putting a machine away: stopping, deleting. These never give up; a call that fails is made again. */
import type { CloudView } from '../../ports/cloud.port.js';
import { isLeaving } from '../choice.js';
import type { Draft } from '../draft.js';

/** Stop called; whoever comes meanwhile is remembered and the machine starts again when it has stopped. */
export function stopping(d: Draft): void {
  const end = ensureStopped(d);
  if (end === 'pending') return;
  if (end === 'gone') {
    d.loseMachine();
    return d.enter('absent', 'the machine is gone');
  }
  d.enter('stopped', 'stopped');
}

/** Delete called, until the cloud answers that the machine does not exist. */
export function deleting(d: Draft): void {
  if (!ensureGone(d)) return;
  d.loseMachine();
  d.enter('absent', 'deleted');
}

/** One step towards a machine that is stopped: looks, calls stop, waits. */
export function ensureStopped(d: Draft): 'pending' | 'stopped' | 'gone' {
  const { record, senses } = d;
  if (!record.instanceId) return 'gone';
  if (senses.commanding) return 'pending';
  const view = d.viewWithin(d.timings.pollMs);
  if (!view) return 'pending';
  const machine = view.recorded;
  if (!machine || isLeaving(machine)) return 'gone';
  record.instanceStatus = machine.status;
  if (jobFailed(d, view)) return 'pending';
  if (machine.status === 'stopped') {
    record.operationId = null;
    return 'stopped';
  }
  if (machine.status === 'error') {
    // Cannot be stopped (exoscale-api.md §3.1): only deleting ends it.
    d.command({ type: 'destroy', instanceId: machine.id });
    return 'pending';
  }
  const runs = machine.status === 'running' || machine.status === 'migrating';
  if (runs && view.operation?.state !== 'pending') d.command({ type: 'stop', instanceId: machine.id });
  return 'pending';
}

/** One step towards no machine: true when the cloud no longer knows it. */
export function ensureGone(d: Draft): boolean {
  const { record, senses } = d;
  if (!record.instanceId) return true;
  if (senses.commanding) return false;
  const view = d.viewWithin(d.timings.pollMs);
  if (!view) return false;
  const machine = view.recorded;
  if (!machine) return true;
  record.instanceStatus = machine.status;
  if (jobFailed(d, view)) return false;
  if (isLeaving(machine) || view.operation?.state === 'pending') return false;
  d.command({ type: 'destroy', instanceId: machine.id });
  return false;
}

/** The cloud took the call and could not do it: again, after a back-off. */
function jobFailed(d: Draft, view: CloudView): boolean {
  if (d.record.operationId === null || view.operation?.state !== 'failure') return false;
  d.record.operationId = null;
  d.record.reason = view.operation.error?.message ?? d.record.reason;
  d.blur();
  d.retryLater();
  return true;
}

/**
 * Rules for bringing a machine up: creating, starting, booting, loading. Each returns early when its condition is
 * already true, so that a restart or an adoption goes through the same steps in no time.
 */
import type { ErrorCode } from '../../../../common/errors/catalogue.js';
import type { CloudMachine } from '../../ports/cloud.port.js';
import { best, isLeaving } from '../choice.js';
import type { Draft } from '../draft.js';
import type { DatedView } from '../senses.js';
import { recentStarts } from '../policy.js';
import { reapTwins, reportForeign, takeOver } from './asleep.js';

/** No machine is started before the record knows its id and the cloud has settled. */
export function creating(d: Draft): void {
  if (d.senses.commanding) return;
  if (late(d, d.timings.deadlineMs.creating)) {
    return d.fail('cloud_unavailable', 'Exoscale did not finish the creation of the machine in time.', 'destroy');
  }
  const view = d.viewWithin(d.timings.pollMs);
  if (!view) return;
  if (d.record.instanceId) return settle(d, view);

  const found = best(d.ours(view).filter((one) => one.id !== d.record.retiredInstanceId));
  if (found) {
    d.recordMachine(found);
    return d.tickAt(d.nowMs);
  }
  if (reportForeign(d, view)) return;
  const handedOver = d.adoptable(view);
  if (handedOver) return takeOver(d, handedOver.id, handedOver.launchId);

  const attemptMs = d.record.createAttemptMs;
  const quarantineEndMs = attemptMs === null ? 0 : attemptMs + d.timings.quarantineMs;
  if (d.nowMs < quarantineEndMs) return d.tickAt(quarantineEndMs);
  if (!d.record.wanted) {
    d.forgetMachine();
    return d.enter('absent', 'nobody wants the machine any more');
  }
  d.record.createAttemptMs = d.nowMs;
  d.record.launchId ??= d.ctx.newId;
  d.command({ type: 'create', launchId: d.record.launchId, owner: d.ctx.policy.owner });
}

/** The recorded machine exists: wait for its job, make sure that it is the only one, go on. */
function settle(d: Draft, view: DatedView): void {
  const { record } = d;
  const machine = view.recorded;
  if (!machine || isLeaving(machine)) {
    const code = view.operation?.state === 'failure' ? operationCode(view) : 'cloud_unavailable';
    d.loseMachine();
    return d.fail(code, view.operation?.error?.message ?? 'The new machine is gone.');
  }
  record.instanceStatus = machine.status;
  if (view.operation?.state === 'failure') {
    const fault = view.operation.error;
    return d.fail(operationCode(view), fault?.message ?? 'Exoscale could not create the machine.', 'destroy');
  }
  if (machine.status === 'error')
    return d.fail('boot_failed', 'Exoscale reports the new machine as broken.', 'destroy');
  if (view.operation?.state === 'pending') return;
  if (machine.status !== 'stopped' && machine.status !== 'running') return;
  if (reapTwins(d, view)) return;
  if (record.retiredInstanceId) return d.command({ type: 'destroy', instanceId: record.retiredInstanceId });
  record.operationId = null;
  d.enter('starting', 'created');
}

/** Start is called on the recorded id only; "not settled" answers are looked at again until the deadline. */
export function starting(d: Draft): void {
  const { record } = d;
  if (d.senses.commanding) return;
  if (late(d, d.timings.deadlineMs.starting)) {
    return d.fail('boot_failed', 'Exoscale did not start the machine in time.', 'none');
  }
  const view = d.viewWithin(d.timings.pollMs);
  if (!view) return;
  const machine = view.recorded;
  if (!machine || isLeaving(machine)) {
    d.loseMachine();
    if (!record.wanted) return d.enter('absent', 'the machine is gone');
    record.bringUp = 'create';
    return d.enter('creating', 'the machine is gone: a new one is made');
  }
  record.instanceStatus = machine.status;
  if (machine.status === 'running' || machine.status === 'migrating') return running(d, machine);
  if (machine.status === 'error') return d.fail('boot_failed', 'Exoscale reports the machine as broken.', 'destroy');
  if (machine.status !== 'stopped') return;
  if (view.operation?.state === 'pending') return;
  if (!record.wanted) return d.enter('stopped', 'nobody wants the machine any more');
  if (view.operation?.state === 'failure' && view.operation.error?.kind !== 'conflict') {
    return startRefused(
      d,
      operationCode(view),
      view.operation.error?.message ?? 'Exoscale could not start the machine.',
    );
  }
  if (view.operation?.state === 'failure' && record.operationId !== null) {
    // Not settled after all: look again after a poll interval, then start again.
    record.operationId = null;
    d.blur();
    return d.retryLater(null);
  }
  d.command({ type: 'start', instanceId: machine.id });
}

/** A start failed. Three refusals for capacity in a row: another machine may find a place where this one does not. */
export function startRefused(d: Draft, code: ErrorCode, message: string): void {
  const { record } = d;
  if (code === 'capacity') {
    record.capacityStarts += 1;
    if (record.capacityStarts >= 3 && record.instanceId && !record.retiredInstanceId) {
      const retired = record.instanceId;
      d.forgetMachine();
      record.retiredInstanceId = retired;
      record.launchId = d.ctx.newId;
      record.bringUp = 'create';
    }
  }
  d.fail(code, message, 'none');
}

function running(d: Draft, machine: CloudMachine): void {
  const { record } = d;
  record.operationId = null;
  // The address may have changed over a stop (exoscale-api.md §4): always the one read now.
  record.address = machine.address;
  record.capacityStarts = 0;
  if (record.wanted) record.startsMs = [...recentStarts(record.startsMs, d.nowMs), d.nowMs];
  d.enter('booting', 'running for the cloud');
}

/** Consecutive refusals after which the machine counts as one with other keys. */
const MAX_REFUSALS = 3;

/** Running for the cloud: probe until Ollama answers; notice when somebody stops or deletes it. */
export function booting(d: Draft): void {
  const { record } = d;
  if (cannotBeSpokenTo(d)) return d.fail('link_mismatch', '', 'destroy');
  const limitMs = record.bringUp === 'resume' ? d.timings.deadlineMs.resuming : d.timings.deadlineMs.booting;
  // Streams of before may still be open: whoever answers nobody else is not cut off from them. And a gateway that comes
  // back late asks once before it gives up.
  const probed = d.senses.probedMs !== null && !d.senses.probing;
  const asked = probed || (d.senses.view !== null && record.address === null);
  const givesUp = late(d, limitMs) && d.ctx.traffic.open === 0 && asked;
  if (givesUp) return bootFailed(d, 'Ollama on the machine did not answer in time.');
  if (!stillRunning(d)) return;
  if (record.address) d.probe(record.address, d.timings.bootProbeMs);
}

/** Made with link keys that this gateway does not have, by its label or by its own word. Open streams come first. */
function cannotBeSpokenTo(d: Draft): boolean {
  const { record, senses, ctx } = d;
  if (ctx.traffic.open > 0) return false;
  // A release before the private link wrote down no epoch.
  if (!ctx.policy.linkEpochs.includes(record.linkEpoch ?? 0)) return true;
  // The address has been read again since, so it is our machine that refuses.
  const confirmed = senses.view !== null && senses.view.atMs >= (senses.refusedSinceMs ?? Infinity);
  return senses.refusals >= MAX_REFUSALS && confirmed;
}

/** Ollama answers: the model is pulled, loaded and confirmed by the gateway itself. */
export function loading(d: Draft): void {
  const dueMs = (d.senses.progressMs ?? d.record.phaseSinceMs) + d.timings.deadlineMs.loading;
  if (d.nowMs < dueMs) d.tickAt(dueMs);
  else if (d.ctx.traffic.open === 0) return bootFailed(d, 'The model was not loaded in time.');
  if (!stillRunning(d)) return;
  if (d.record.address) d.prepare(d.record.address);
}

/** A machine that does not come up is stopped and started once more; the second time it is replaced. */
function bootFailed(d: Draft, message: string): void {
  d.record.bootFailures += 1;
  d.fail('boot_failed', message, d.record.bootFailures >= 2 ? 'destroy' : 'stop');
}

/** False when the machine is not running any more (or it is not known yet); the phase has then been left. */
function stillRunning(d: Draft): boolean {
  const { record } = d;
  // A look that fails does not end a boot: the last view stands until the cloud answers again.
  const view = d.viewWithin(d.timings.readyLookMs / 2) ?? d.senses.view;
  // An address that is only remembered may be somebody else's by now; it counts when the cloud cannot be asked.
  if (!view) return d.senses.troubles > 0 && record.address !== null;
  const machine = view.recorded;
  if (machine && (machine.status === 'running' || machine.status === 'migrating')) {
    record.instanceStatus = machine.status;
    if (machine.address !== record.address) d.moveTo(machine.address);
    return true;
  }
  d.leaveMachine();
  if (!machine || isLeaving(machine)) {
    d.loseMachine();
    record.bringUp = 'create';
    d.enter(record.wanted ? 'creating' : 'absent', 'the machine was deleted outside the gateway');
    return false;
  }
  record.instanceStatus = machine.status;
  // A machine that switches itself off while it comes up must not be started for ever.
  if (record.wanted) bootFailed(d, `The machine is ${machine.status} before it was ready.`);
  else d.enter('stopping', `the machine is ${machine.status}`);
  return false;
}

function operationCode(view: DatedView): ErrorCode {
  const error = view.operation?.error;
  if (error?.details.code) return error.details.code;
  switch (error?.kind) {
    case 'capacity':
      return 'capacity';
    case 'quota':
      return 'quota_exceeded';
    case 'auth':
      return 'auth';
    case 'invalid':
      return 'cloud_rejected';
    default:
      return 'cloud_unavailable';
  }
}

function late(d: Draft, limitMs: number): boolean {
  if (d.ageMs >= limitMs) return true;
  d.tickAt(d.record.phaseSinceMs + limitMs);
  return false;
}

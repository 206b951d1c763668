/**
 * The heart of the gateway: `transition(state, event, now) → { state, effects, log }`. First the event is folded into
 * what is known, then the rule of the phase takes at most one step from there. Level-triggered: an event only causes a
 * look; whatever was missed is found by the next one. Pure: no clock, no randomness, no I/O.
 */
import { withoutFuture } from './clock-steps.js';
import { Draft, type Context, type PoolState, type Transition } from './draft.js';
import type { Command, Fault, PoolEvent } from './events.js';
import type { Phase } from './model.js';
import { operate } from './operator.js';
import { wake } from './wish.js';
import type { ProbeOutcome } from '../ports/machine.port.js';
import { absent, failed, stopped } from './phases/asleep.js';
import { booting, creating, loading, startRefused, starting } from './phases/bring-up.js';
import { draining, latched, unlatched } from './phases/draining.js';
import { MISSED_PROBES, ready } from './phases/serving.js';
import { deleting, stopping } from './phases/stopping.js';

/** The phases that never give up: a call that fails is made again until the machine is put away. */
const PUTS_AWAY: ReadonlySet<Phase> = new Set<Phase>(['stopping', 'deleting', 'failed']);

const RULES: Readonly<Record<Phase, (draft: Draft) => void>> = {
  absent,
  creating,
  starting,
  booting,
  loading,
  ready,
  draining,
  stopping,
  stopped,
  deleting,
  failed,
};

/** Folds `event` into `state` and takes the next step. Never throws for any event in any state. */
export function transition(state: PoolState, event: PoolEvent, ctx: Context): Transition {
  const draft = new Draft(withoutFuture(state, ctx.policy.timings, ctx.nowMs), ctx);
  fold(draft, event);
  forgetOldWish(draft);
  if (!draft.changedPhase) RULES[draft.record.phase](draft);
  return draft.result();
}

function fold(d: Draft, event: PoolEvent): void {
  const { record, senses } = d;
  switch (event.type) {
    case 'tick':
      return;
    case 'wake':
      d.cause = 'request';
      d.actor = event.actor ?? null;
      return wake(d);
    case 'operator':
      d.cause = 'operator';
      d.actor = event.actor;
      d.verdict = operate(d, event.act);
      return;
    case 'restarted':
      d.cause = 'restart';
      return restarted(d);
    case 'suspected':
      d.cause = 'request';
      // A probe now, whatever was seen lately; a thousand suspicions are one probe.
      if (record.phase === 'ready' && senses.missedProbes === 0) senses.probedMs = null;
      return;
    case 'looked':
      d.cause = 'cloud';
      if (event.seq !== senses.lookSeq) return;
      senses.looking = false;
      senses.view = { ...event.view, atMs: d.nowMs };
      // Where a call is made until it works, only leaving the phase says that it has worked.
      if (!PUTS_AWAY.has(record.phase)) senses.troubles = 0;
      return;
    case 'lookFailed':
      d.cause = 'cloud';
      if (event.seq !== senses.lookSeq) return;
      senses.looking = false;
      return lookFailed(d, event.fault);
    case 'accepted':
      d.cause = 'cloud';
      return accepted(d, event.command, event.operationId, event.instanceId ?? null);
    case 'refused':
      d.cause = 'cloud';
      return refused(d, event.command, event.fault);
    case 'probed':
      d.cause = 'machine';
      if (event.seq !== senses.machineSeq) return;
      senses.probing = false;
      return probed(d, event.outcome);
    case 'latched':
      d.cause = 'machine';
      if (event.seq === senses.machineSeq) latched(d, event.busy);
      return;
    case 'unlatched':
      d.cause = 'machine';
      if (event.seq === senses.machineSeq) unlatched(d, event.done);
      return;
    case 'instructed':
      if (event.seq === senses.machineSeq && senses.instructions === 'sent')
        senses.instructions = event.done ? 'known' : 'due';
      return;
    case 'progressed':
      if (event.seq !== senses.machineSeq) return;
      senses.progress = event.fraction;
      // A pull that begins again reports at once what is on the disk already.
      if (event.fraction <= senses.bestProgress) return;
      senses.bestProgress = event.fraction;
      senses.progressMs = d.nowMs;
      return;
    case 'prepared':
      d.cause = 'machine';
      if (event.seq !== senses.machineSeq) return;
      senses.preparing = false;
      if (record.phase === 'loading') becomeReady(d);
      return;
    case 'prepareFailed':
      d.cause = 'machine';
      if (event.seq !== senses.machineSeq) return;
      senses.preparing = false;
      if (record.phase === 'loading') prepareFailed(d, event.fault);
      return;
  }
}

/** Whatever was ready must be proven again: the address may be somebody else's by now. */
function restarted(d: Draft): void {
  const { record } = d;
  d.senses.progressMs = d.nowMs;
  // How long a bring-up took says nothing when nobody was there for a part of it.
  record.bringUpSinceMs = null;
  // A machine that does not run yet costs nothing: its phase has its whole time again.
  if (record.phase === 'creating' || record.phase === 'starting') record.phaseSinceMs = d.nowMs;
  if (record.phase !== 'ready' && record.phase !== 'draining') return;
  record.bringUp = 'resume';
  d.enter('booting', 'the gateway restarted: the machine is proven again');
}

function forgetOldWish(d: Draft): void {
  const { record } = d;
  if (!record.wanted || record.phase === 'ready' || record.phase === 'draining') return;
  const endMs = (record.lastWakeMs ?? record.phaseSinceMs) + d.timings.wantedMs;
  if (d.nowMs >= endMs) record.wanted = false;
  else d.tickAt(endMs);
}

function lookFailed(d: Draft, fault: Fault): void {
  const { phase } = d.record;
  if (phase === 'creating' || phase === 'starting') return d.fail(fault.code, fault.message);
  // Everywhere else the machine's own life goes on; the cloud is asked again after a back-off.
  if (PUTS_AWAY.has(phase)) d.record.reason = fault.message;
  d.retryLater();
}

function accepted(d: Draft, command: Command, operationId: string | null, instanceId: string | null): void {
  const { record } = d;
  d.senses.commanding = null;
  d.blur();
  // A label or a deletion is seen only after a while: do not ask for it again in the same breath.
  if (command.type === 'label' || command.type === 'destroy') d.senses.retryMs = d.nowMs + d.timings.pollMs;
  if (command.type === 'destroy' && command.instanceId === record.retiredInstanceId) record.retiredInstanceId = null;
  if (command.type === 'create' && record.launchId === command.launchId) {
    record.instanceId = instanceId;
    record.fingerprint = d.ctx.policy.fingerprint;
    record.linkEpoch = d.ctx.policy.linkEpoch;
    record.createAttemptMs = null;
  }
  if (command.type === 'create' || ('instanceId' in command && command.instanceId === record.instanceId)) {
    record.operationId = operationId;
  }
}

function refused(d: Draft, command: Command, fault: Fault): void {
  const { record } = d;
  d.senses.commanding = null;
  d.blur();
  if (command.type === 'create') return createRefused(d, fault);
  if (command.type === 'label' && !fault.conflict && !fault.gone) return d.fail(fault.code, fault.message);
  if (fault.conflict || fault.gone) {
    // Not settled, or not there: look again after a poll interval, until the deadline of the phase.
    return d.retryLater(PUTS_AWAY.has(record.phase) ? 2 * d.timings.pollMs : null);
  }
  if (record.phase === 'starting' && command.type === 'start') return startRefused(d, fault.code, fault.message);
  record.reason = fault.message;
  d.retryLater();
}

function createRefused(d: Draft, fault: Fault): void {
  // An unknown outcome is as young as the failure that hides it: what was looked up before the create took its time.
  d.record.createAttemptMs = fault.ambiguous ? d.nowMs : null;
  if (d.record.phase !== 'creating') return d.retryLater();
  const noPlace = fault.code === 'capacity' || fault.code === 'quota_exceeded';
  if (!noPlace || !d.record.retiredInstanceId) return d.fail(fault.code, fault.message);
  // No place for a successor either (or no quota for two): keep the old machine and its disk, and wait for its place.
  d.restoreRetired();
  d.fail('capacity', fault.message);
}

function probed(d: Draft, outcome: ProbeOutcome): void {
  const { record, senses } = d;
  const answered = outcome === 'answered' || outcome === 'latched';
  if (record.phase === 'booting') {
    if (answered) return d.enter('loading', 'Ollama answers');
    return countRefusals(d, outcome);
  }
  if (record.phase !== 'ready') return;
  // Left over from a stop that somebody cancelled and could not finish.
  if (outcome === 'latched' && record.address !== null && senses.latch === 'open') d.unlatch(record.address);
  senses.missedProbes = answered ? 0 : senses.missedProbes + 1;
  // Quickly to a verdict: the next probe is due now, then the cloud is asked once.
  if (!answered && senses.missedProbes < MISSED_PROBES) senses.probedMs = null;
  if (senses.missedProbes === MISSED_PROBES) d.blur();
}

/** The first refusal asks the cloud again: a machine at a remembered address may be somebody else's by now. */
function countRefusals(d: Draft, outcome: ProbeOutcome): void {
  const { senses } = d;
  if (outcome !== 'refused') {
    senses.refusals = 0;
    senses.refusedSinceMs = null;
    return;
  }
  senses.refusals += 1;
  if (senses.refusedSinceMs !== null) return;
  senses.refusedSinceMs = d.nowMs;
  d.blur();
}

function becomeReady(d: Draft): void {
  const { record } = d;
  // A machine that is merely proven again keeps its idle clock and says nothing about bring-ups.
  if (record.readyMs === null) {
    const tookMs = record.bringUpSinceMs === null ? null : d.nowMs - record.bringUpSinceMs;
    if (record.bringUp === 'resume') record.lastResumeMs = tookMs ?? record.lastResumeMs;
    if (record.bringUp === 'create') record.lastCreateMs = tookMs ?? record.lastCreateMs;
    record.readyMs = d.nowMs;
  }
  record.failure = null;
  record.failureCount = 0;
  record.notBeforeMs = null;
  record.bootFailures = 0;
  // The next proof has its whole time, however long ago this one was.
  Object.assign(d.senses, { progress: null, bestProgress: 0, progressMs: null });
  d.enter('ready', 'the model is loaded');
}

function prepareFailed(d: Draft, fault: Fault): void {
  // Broken off: tried again until there is no progress for the deadline of the phase.
  if (fault.code === 'boot_failed') return d.prepareLater();
  if (fault.code === 'link_mismatch') return d.enter('booting', fault.message);
  d.fail(fault.code, fault.message, fault.code === 'disk_too_small' ? 'destroy' : 'stop');
}

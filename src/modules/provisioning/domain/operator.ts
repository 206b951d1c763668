/**
 * What an operator may change, as rules: each act is checked against the present state, done or refused, and written down
 * with its actor. Nothing here cuts a request off.
 */
import { ERROR_CATALOGUE, type ErrorCode } from '../../../common/errors/catalogue.js';
import type { Draft, Verdict } from './draft.js';
import type { OperatorAct } from './events.js';
import { startRefusal } from './policy.js';
import { wake } from './wish.js';

const DONE: Verdict = { done: true };

export function operate(d: Draft, act: OperatorAct): Verdict {
  switch (act.kind) {
    case 'wake':
      return wakeUp(d);
    case 'sleep':
      return sleep(d);
    case 'keepAwake':
      return keepAwake(d, act.untilMs);
    case 'destroy':
      return destroy(d, act.launchId);
  }
}

function wakeUp(d: Draft): Verdict {
  const refusal = startRefusal(d.record, d.ctx.policy, d.nowMs);
  if (refusal !== null) return refused('wake_refused', refusal);
  d.note('an operator wants the machine');
  wake(d);
  return DONE;
}

/** As if it were idle now; what is on its way up goes down again. */
function sleep(d: Draft): Verdict {
  const { record } = d;
  if (d.ctx.traffic.open > 0) return refused('in_use');
  record.wanted = false;
  record.keepAwakeUntilMs = null;
  switch (record.phase) {
    case 'ready':
      d.enter('draining', 'an operator put it to sleep');
      return DONE;
    case 'starting':
    case 'booting':
    case 'loading':
      d.leaveMachine();
      d.enter('stopping', 'an operator put it to sleep');
      return DONE;
    default:
      d.note('an operator wants no machine');
      return DONE;
  }
}

function keepAwake(d: Draft, untilMs: number | null): Verdict {
  const { record, senses } = d;
  record.keepAwakeUntilMs = untilMs;
  if (record.phase === 'ready') senses.instructions = 'due';
  const until = untilMs === null ? 'no longer' : `until ${new Date(untilMs).toISOString()}`;
  d.note(`an operator keeps the machine awake ${until}`);
  return DONE;
}

function destroy(d: Draft, launchId: string): Verdict {
  const { record, senses } = d;
  if (record.instanceId === null || record.launchId !== launchId) return refused('wrong_launch');
  if (d.ctx.traffic.open > 0) return refused('in_use');
  // The outcome of a call under way decides what there is to delete.
  if (senses.commanding) return refused('in_use', 'A call to the cloud is under way. Ask again in a moment.');
  record.wanted = false;
  record.keepAwakeUntilMs = null;
  if (record.phase === 'deleting') {
    d.note('an operator wants the machine deleted');
    return DONE;
  }
  d.leaveMachine();
  d.enter('deleting', 'an operator deleted it');
  return DONE;
}

function refused(code: ErrorCode, message: string = ERROR_CATALOGUE[code].message): Verdict {
  return { done: false, code, message };
}

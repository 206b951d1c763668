/**
 * Turns what the Exoscale API answered into the words of the lifecycle. Keyed on the HTTP status and on the reason of an
 * operation; texts only refine, because they change without notice (exoscale-api.md §3.2).
 */
import { CloudError, type CloudErrorKind, type CloudOperation } from '../../provisioning/ports/cloud.port.js';
import type { ApiOperation } from './api-types.js';
import { errorText } from './error-text.js';

/**
 * What a call asks for, as far as its errors are concerned: `create` and `start` need a free host; `act` is a change of
 * state without any content of ours; `edit` sends content that can be wrong.
 */
export type CallKind = 'read' | 'create' | 'start' | 'act' | 'edit';

export interface ErrorAnswer {
  /** operationId of the API, such as `create-instance`. */
  operation: string;
  call: CallKind;
  status: number;
  body: string;
  /** `Retry-After` in ms, where the answer has one. */
  retryAfterMs?: number;
}

const QUOTA = /\bquota|\blimits? (exceeded|reached)|exceeds? .*\blimits?\b/i;
const CAPACITY =
  /\bcapacity|\binsufficient\b|\bnot enough\b|\bout of (stock|resources)|\bno (\w+ )?(host|hypervisor|gpu)s?\b|\bexhausted/i;
const RESTRICTION = /\b(must|restricted|not allowed|not supported|invalid|too (small|large))\b/i;

/** The error for an answer that is not a success. */
export function errorFromAnswer(answer: ErrorAnswer): CloudError {
  const { operation, call, status, retryAfterMs } = answer;
  const text = errorText(answer.body) || 'no text';
  const kind = kindOf(call, status, text);
  return new CloudError(kind, `Exoscale answered ${status} to ${operation}: ${text}`, {
    ...(kind === 'transient' && call !== 'read' && status >= 500 ? { ambiguous: true } : {}),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
}

/**
 * The error for a call that got no answer: a refused or reset connection, a time-out, an unknown host. Only `code` of the
 * cause is kept, since an axios error carries the request with its signature.
 */
export function errorFromNetwork(operation: string, call: CallKind, code: string): CloudError {
  const ambiguous = call !== 'read' && !NEVER_SENT.has(code);
  return new CloudError('transient', `Exoscale did not answer ${operation} (${code})`, {
    ...(ambiguous ? { ambiguous } : {}),
    cause: Object.assign(new Error(code), { code }),
  });
}

/** The connection was not made, so the call cannot have had an effect. */
const NEVER_SENT = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH']);

/** The state of a job; states that the API may add count as pending. */
export function operationState(operation: ApiOperation): CloudOperation {
  if (operation.state === 'success') return { state: 'success', error: null };
  if (operation.state === 'failure') return { state: 'failure', error: operationError(operation) };
  if (operation.state === 'timeout') {
    const text = operation.message ?? 'no text';
    return { state: 'failure', error: new CloudError('transient', `Exoscale gave up on the operation: ${text}`) };
  }
  return { state: 'pending', error: null };
}

function operationError({ reason = 'unknown', message = 'no text' }: ApiOperation): CloudError {
  const text = errorText(message);
  return new CloudError(operationKind(reason, text), `The operation failed (${reason}): ${text}`);
}

function operationKind(reason: string, text: string): CloudErrorKind {
  if (QUOTA.test(text)) return 'quota';
  if (CAPACITY.test(text)) return 'capacity';
  return OPERATION_KINDS[reason] ?? 'unknown';
}

const OPERATION_KINDS: Readonly<Record<string, CloudErrorKind>> = {
  unavailable: 'capacity',
  busy: 'conflict',
  conflict: 'conflict',
  'not-found': 'not_found',
  forbidden: 'auth',
  incorrect: 'invalid',
  unsupported: 'invalid',
  fault: 'transient',
  interrupted: 'transient',
};

function kindOf(call: CallKind, status: number, text: string): CloudErrorKind {
  if (status === 401 || status === 403) return 'auth';
  if (status === 404) return 'not_found';
  if (call !== 'read' && QUOTA.test(text)) return 'quota';
  if ((call === 'create' || call === 'start') && (CAPACITY.test(text) || status === 412)) return 'capacity';
  switch (status) {
    case 400:
      // A change of state sends nothing that could be malformed: the state is wrong (terraform-provider-exoscale#551).
      return call === 'start' || call === 'act' ? 'conflict' : 'invalid';
    case 409:
    case 412:
      if (call !== 'create') return 'conflict';
      // There is no state to look at again: either a rule that a person must heed, or something that passes.
      return RESTRICTION.test(text) ? 'invalid' : 'transient';
    case 402:
    case 405:
    case 413:
    case 415:
    case 422:
      return 'invalid';
    case 408:
    case 429:
      return 'transient';
    default:
      return status >= 500 && status !== 501 ? 'transient' : 'unknown';
  }
}

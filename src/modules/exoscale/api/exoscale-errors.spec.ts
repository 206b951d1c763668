import { describe, expect, it } from '@jest/globals';
import type { CloudErrorKind } from '../../provisioning/ports/cloud.port.js';
import { type CallKind, errorFromAnswer, errorFromNetwork, operationState } from './exoscale-errors.js';

const json = (message: string) => JSON.stringify({ message });

describe('an answer of the API', () => {
  it.each<[CallKind, number, string, CloudErrorKind, boolean]>([
    // Whoever asks.
    ['read', 403, 'Invalid request signature', 'auth', false],
    ['create', 403, 'Forbidden', 'auth', false],
    ['create', 401, 'no text', 'auth', false],
    ['read', 404, 'Not Found', 'not_found', false],
    ['start', 404, 'Not Found', 'not_found', false],
    ['read', 429, 'Too many requests', 'transient', false],
    ['create', 429, 'Too many requests', 'transient', false],
    ['read', 503, 'Endpoint compute temporarily unavailable', 'transient', false],
    ['read', 400, 'bad query', 'invalid', false],
    ['read', 501, 'not implemented', 'unknown', false],
    ['read', 302, 'moved', 'unknown', false],
    // A change may have happened although the server failed.
    ['create', 500, 'Internal error', 'transient', true],
    ['start', 502, 'Bad Gateway', 'transient', true],
    ['act', 504, 'Gateway Timeout', 'transient', true],
    ['edit', 500, 'Internal error', 'transient', true],
    // Quota and capacity.
    ['create', 409, 'Quota exceeded for resource gpua5000', 'quota', false],
    ['create', 409, 'The limit exceeded: 20 instances', 'quota', false],
    ['start', 409, 'gpua5000 quota reached', 'quota', false],
    ['create', 412, 'Precondition Failed', 'capacity', false],
    ['create', 409, 'Insufficient GPUs', 'capacity', false],
    ['create', 503, 'Not enough capacity in zone', 'capacity', false],
    ['start', 409, 'No available host for this instance', 'capacity', false],
    ['start', 400, 'no suitable hypervisor found', 'capacity', false],
    // Capacity is a matter of create and start alone.
    ['act', 409, 'Insufficient GPUs', 'conflict', false],
    ['read', 503, 'insufficient workers', 'transient', false],
    // States and contents.
    ['act', 400, 'Only running instances can be stopped.', 'conflict', false],
    ['start', 400, 'must be either Running or Stopped', 'conflict', false],
    ['start', 409, 'busy', 'conflict', false],
    ['act', 412, 'in use', 'conflict', false],
    ['create', 400, "missing keys 'template'", 'invalid', false],
    ['create', 409, 'Instance size must be at least small', 'invalid', false],
    ['create', 409, 'busy', 'transient', false],
    ['edit', 409, 'already exists', 'conflict', false],
    ['create', 422, 'disk-size', 'invalid', false],
  ])('to a %s call with %i "%s" is %s (ambiguous: %s)', (call, status, message, kind, ambiguous) => {
    const error = errorFromAnswer({ operation: 'create-instance', call, status, body: json(message) });
    expect(error.kind).toBe(kind);
    expect(error.details.ambiguous ?? false).toBe(ambiguous);
    expect(error.message).toBe(`Exoscale answered ${status} to create-instance: ${message}`);
  });

  it('keeps what the API asked to wait', () => {
    const error = errorFromAnswer({
      operation: 'list-zones',
      call: 'read',
      status: 429,
      body: '',
      retryAfterMs: 3000,
    });
    expect(error.details.retryAfterMs).toBe(3000);
    expect(error.message).toBe('Exoscale answered 429 to list-zones: no text');
  });
});

describe('no answer', () => {
  it.each<[CallKind, string, boolean]>([
    ['create', 'ECONNRESET', true],
    ['create', 'ETIMEDOUT', true],
    ['start', 'EPIPE', true],
    ['read', 'ECONNRESET', false],
    ['create', 'ECONNREFUSED', false],
    ['create', 'ENOTFOUND', false],
  ])('to a %s call with %s is transient (ambiguous: %s)', (call, code, ambiguous) => {
    const error = errorFromNetwork('create-instance', call, code);
    expect(error.kind).toBe('transient');
    expect(error.details.ambiguous ?? false).toBe(ambiguous);
  });
});

describe('an operation', () => {
  it.each(['pending', 'queued-for-tea', undefined])('in state %s is pending', (state) => {
    expect(operationState({ state })).toEqual({ state: 'pending', error: null });
  });

  it('that succeeded has no error', () => {
    expect(operationState({ state: 'success' })).toEqual({ state: 'success', error: null });
  });

  it('that the cloud gave up on may be tried again', () => {
    expect(operationState({ state: 'timeout', message: 'too slow' })).toMatchObject({
      state: 'failure',
      error: { kind: 'transient', message: 'Exoscale gave up on the operation: too slow' },
    });
  });

  it.each<[string | undefined, string, CloudErrorKind]>([
    ['unavailable', 'try later', 'capacity'],
    ['fault', 'Unable to create a deployment: insufficient capacity', 'capacity'],
    ['busy', 'the hypervisor is exhausted', 'capacity'],
    ['conflict', 'quota exceeded', 'quota'],
    ['busy', 'settling', 'conflict'],
    ['conflict', 'another operation', 'conflict'],
    ['not-found', 'no such template', 'not_found'],
    ['forbidden', 'policy', 'auth'],
    ['incorrect', 'disk', 'invalid'],
    ['unsupported', 'disk', 'invalid'],
    ['fault', 'internal', 'transient'],
    ['interrupted', 'internal', 'transient'],
    ['partial', 'half of it', 'unknown'],
    ['brand-new-reason', 'x', 'unknown'],
    [undefined, 'x', 'unknown'],
  ])('that failed with reason %s and "%s" is %s', (reason, message, kind) => {
    const { state, error } = operationState({ state: 'failure', reason, message });
    expect(state).toBe('failure');
    expect(error?.kind).toBe(kind);
    expect(error?.message).toContain(message);
  });
});

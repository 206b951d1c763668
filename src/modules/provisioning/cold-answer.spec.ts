import { describe, expect, it } from '@jest/globals';
import { coldAnswer, provisioningStatus } from './cold-answer.js';
import type { Failure, Phase } from './domain/model.js';
import type { PoolSnapshot } from './provisioning.gate.js';

function snapshot(patch: Partial<PoolSnapshot>): PoolSnapshot {
  const { phase = 'absent', wanted = false } = patch;
  return {
    phase,
    phaseSinceMs: 0,
    reason: '',
    status: provisioningStatus(phase, wanted),
    wanted,
    instanceId: null,
    instanceStatus: null,
    outdated: false,
    remoteUrl: null,
    progress: null,
    etaMs: 48_000,
    failure: null,
    notBeforeMs: null,
    inFlight: 0,
    held: 0,
    lastActivityMs: null,
    idleStopAtMs: null,
    storeTrouble: null,
    leaving: false,
    started: true,
    owner: null,
    findings: [],
    ...patch,
  };
}

function failure(code: Failure['code'], heals: boolean): Failure {
  return { code, message: 'what the cloud said', heals, atMs: 0 };
}

describe('provisioning_status', () => {
  it.each<[Phase, boolean, string]>([
    ['absent', false, 'idle'],
    ['creating', true, 'provisioning'],
    ['starting', true, 'provisioning'],
    ['booting', false, 'provisioning'],
    ['loading', true, 'provisioning'],
    ['ready', true, 'ready'],
    ['draining', false, 'ready'],
    ['stopping', false, 'idle'],
    ['stopping', true, 'provisioning'],
    ['stopped', false, 'idle'],
    ['deleting', false, 'idle'],
    ['deleting', true, 'provisioning'],
    ['failed', true, 'error'],
    ['failed', false, 'error'],
  ])('of %s (wanted: %s) is %s', (phase, wanted, status) => {
    expect(provisioningStatus(phase, wanted)).toBe(status);
  });
});

describe('the cold answer', () => {
  it.each<[string, Partial<PoolSnapshot>, string]>([
    ['a machine on its way', { phase: 'loading', wanted: true }, 'provisioning'],
    ['a stopping machine that is wanted again', { phase: 'stopping', wanted: true }, 'provisioning'],
    ['a request that does not wake a sleeping machine', { phase: 'stopped' }, 'asleep'],
    ['a failure', { phase: 'failed', failure: failure('capacity', true) }, 'capacity'],
  ])('for %s has its code', (_what, patch, code) => {
    expect(coldAnswer(snapshot(patch)).code).toBe(code);
  });

  it('tells the failure in the words of whoever failed', () => {
    const answer = coldAnswer(snapshot({ phase: 'failed', failure: failure('auth', false), etaMs: null }));
    expect(answer).toMatchObject({ message: 'what the cloud said', status: 'error', etaSec: null, retryAfterSec: 55 });
  });

  it.each([
    [100, 1],
    [48_000, 48],
    [54_100, 55],
    [420_000, 55],
    [0, 1],
  ])('for an ETA of %s ms asks to retry after %s s, never more than SDKs honour', (etaMs, retryAfterSec) => {
    expect(coldAnswer(snapshot({ phase: 'booting', wanted: true, etaMs })).retryAfterSec).toBe(retryAfterSec);
  });

  it('of a refused wake says nothing about retrying', () => {
    expect(coldAnswer(snapshot({}), { code: 'wake_refused', message: 'six starts' })).toMatchObject({
      code: 'wake_refused',
      message: 'six starts',
      retryAfterSec: null,
    });
  });
});

import { beforeEach, describe, expect, it } from '@jest/globals';
import type { StoredEvent } from '../provisioning/provisioning.control.js';
import { LifecycleTally, WAKE_REASONS } from './lifecycle-tally.js';

type Step = [afterSec: number, to: StoredEvent['to'], cause: string];

let tally: LifecycleTally;
let atMs: number;
let phase: StoredEvent['to'];
let version: number;

beforeEach(() => {
  tally = new LifecycleTally();
  atMs = Date.parse('2026-11-24T12:00:00Z');
  phase = 'absent';
  version = 0;
  tally.begin(atMs);
});

function live(...steps: Step[]): void {
  for (const [afterSec, to, cause] of steps) {
    atMs += afterSec * 1000;
    version += 1;
    tally.add({ version, atMs, from: phase, to, reason: 'as the test has it', cause, actor: null });
    phase = to;
  }
}

const wakes = () => Object.fromEntries(WAKE_REASONS.map((reason) => [reason, tally.wakes.count(reason)]));
const none = { request: 0, operator: 0, retry: 0, adoption: 0 };

const COLD_START: Step[] = [
  [60, 'creating', 'request'],
  [10, 'starting', 'cloud'],
  [20, 'booting', 'cloud'],
  [300, 'loading', 'machine'],
  [90, 'ready', 'machine'],
];
const TO_SLEEP: Step[] = [
  [1800, 'draining', 'clock'],
  [1, 'stopping', 'clock'],
  [25, 'stopped', 'cloud'],
];
const RESUME: Step[] = [
  [3600, 'starting', 'request'],
  [15, 'booting', 'cloud'],
  [10, 'loading', 'machine'],
  [5, 'ready', 'machine'],
];

describe('a life as the metrics tell it', () => {
  it('counts a new machine from its creation to ready, and the resume of it apart', () => {
    live(...COLD_START, ...TO_SLEEP, ...RESUME);
    expect(tally.timeToReady.summary('create')).toMatchObject({ count: 1, sumSec: 420 });
    expect(tally.timeToReady.summary('resume')).toMatchObject({ count: 1, sumSec: 30 });
    expect(wakes()).toEqual({ ...none, request: 2 });
  });

  it('knows how long each phase took that has been left', () => {
    live(...COLD_START, ...TO_SLEEP);
    expect(tally.phases.summary('absent')).toMatchObject({ count: 1, sumSec: 60 });
    expect(tally.phases.summary('booting')).toMatchObject({ count: 1, sumSec: 300 });
    expect(tally.phases.summary('ready')).toMatchObject({ count: 1, sumSec: 1800 });
    expect(tally.phases.summary('stopped')).toMatchObject({ count: 0 });
  });

  it('is not changed by what an operator asks for within a phase', () => {
    live(...COLD_START, [100, 'ready', 'operator'], [100, 'draining', 'clock']);
    expect(tally.phases.summary('ready')).toMatchObject({ count: 1, sumSec: 200 });
  });

  it('has no negative time after the clock was set back', () => {
    live(...COLD_START, [-7200, 'draining', 'clock']);
    expect(tally.phases.summary('ready')).toMatchObject({ count: 1, sumSec: 0 });
  });
});

describe('a wake', () => {
  it('has the operator as its reason where one asked', () => {
    live([1, 'creating', 'operator'], [1, 'starting', 'cloud']);
    expect(wakes()).toEqual({ ...none, operator: 1 });
  });

  it('that failed and is tried again by itself is a retry, and its time counts from there', () => {
    live([1, 'creating', 'request'], [5, 'failed', 'cloud'], [15, 'creating', 'clock']);
    live([10, 'starting', 'cloud'], [10, 'booting', 'cloud'], [10, 'loading', 'machine'], [10, 'ready', 'machine']);
    expect(wakes()).toEqual({ ...none, request: 1, retry: 1 });
    expect(tally.timeToReady.summary('create')).toMatchObject({ count: 1, sumSec: 40 });
  });

  it('that came while the machine was being stopped is a request', () => {
    live(...COLD_START, ...TO_SLEEP, [0, 'starting', 'cloud']);
    expect(wakes()).toEqual({ ...none, request: 2 });
  });

  it('is an adoption where a machine was found that runs', () => {
    live([1, 'starting', 'cloud']);
    expect(wakes()).toEqual({ ...none, adoption: 1 });
  });

  it('counts once, also when the machine is lost on the way and made anew', () => {
    live(...COLD_START, ...TO_SLEEP, [10, 'starting', 'request'], [5, 'creating', 'cloud']);
    live([10, 'starting', 'cloud'], [10, 'booting', 'cloud'], [10, 'loading', 'machine'], [10, 'ready', 'machine']);
    expect(wakes()).toEqual({ ...none, request: 2 });
    expect(tally.timeToReady.summary('create')).toMatchObject({ count: 2, sumSec: 420 + 45 });
    expect(tally.timeToReady.summary('resume')).toMatchObject({ count: 0 });
  });

  it('is none where a machine that served is merely proven again', () => {
    live(...COLD_START, [60, 'booting', 'restart'], [2, 'loading', 'machine'], [2, 'ready', 'machine']);
    expect(wakes()).toEqual({ ...none, request: 1 });
    expect(tally.timeToReady.summary('resume')).toMatchObject({ count: 0 });
  });
});

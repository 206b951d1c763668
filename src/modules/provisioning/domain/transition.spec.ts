/** The pure core by itself: a table of (phase, event) → (phase, effects), and what holds for every state and event. */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { CloudError, type CloudMachine, type CloudView } from '../ports/cloud.port.js';
import { NO_SENSES, type Context, type PoolState, type Senses } from './draft.js';
import type { Fault, PoolEvent } from './events.js';
import { newRecord, type Phase, type PoolRecord } from './model.js';
import { timingsAt } from './timings.js';
import { transition } from './transition.js';

const NOW = 1_800_000_000_000;
const SEC = 1000;
const MIN = 60 * SEC;

const context: Context = {
  nowMs: NOW,
  random: 0.5,
  newId: 'fresh-id',
  traffic: { open: 0, lastActivityMs: null },
  policy: {
    owner: 'us',
    adoptOwner: null,
    fingerprint: 'fp',
    idleTimeoutMs: 30 * MIN,
    unclaimedMs: 10 * MIN,
    idleAction: 'stop',
    destroyAfterMs: 0,
    maxStartsPerHour: 6,
    timings: timingsAt(1),
  },
};

const OURS: CloudMachine = {
  id: 'i-1',
  name: null,
  status: 'stopped',
  address: '10.0.0.1',
  createdAtMs: 0,
  owner: 'us',
  launchId: 'l-1',
  fingerprint: 'fp',
};

function view(recorded: CloudMachine | null, pool: CloudMachine[] = recorded ? [recorded] : []): CloudView {
  return { recorded, pool, named: [], operation: null };
}

function state(record: Partial<PoolRecord>, senses: Partial<Senses> = {}): PoolState {
  return {
    record: { ...newRecord(NOW - MIN), ...record },
    senses: { ...NO_SENSES, ...senses },
  };
}

const recorded = { instanceId: 'i-1', launchId: 'l-1', fingerprint: 'fp', lastWakeMs: NOW } as const;
const looked = (seen: CloudView): PoolEvent => ({ type: 'looked', seq: 0, view: seen });

describe('one transition', () => {
  it.each<{ title: string; from: PoolState; event: PoolEvent; to: Phase; effects: object[]; ctx?: Partial<Context> }>([
    {
      title: 'a wish for an absent machine begins to create',
      from: state({ phase: 'absent' }),
      event: { type: 'wake' },
      to: 'creating',
      effects: [],
    },
    {
      title: 'creating looks before it does anything',
      from: state({ phase: 'creating', wanted: true, lastWakeMs: NOW }),
      event: { type: 'tick' },
      to: 'creating',
      effects: [{ type: 'look' }],
    },
    {
      title: 'creating creates when nothing of ours is there',
      from: state({ phase: 'creating', wanted: true, lastWakeMs: NOW, launchId: 'l-1' }),
      event: looked(view(null)),
      to: 'creating',
      effects: [{ type: 'command', command: { type: 'create', launchId: 'l-1', owner: 'us' } }],
    },
    {
      title: 'creating does not create again while an attempt is open',
      from: state({
        phase: 'creating',
        wanted: true,
        lastWakeMs: NOW,
        launchId: 'l-1',
        createAttemptMs: NOW - 59 * SEC,
      }),
      event: looked(view(null)),
      to: 'creating',
      effects: [],
    },
    {
      title: 'creating tries again after the quarantine',
      from: state({
        phase: 'creating',
        wanted: true,
        lastWakeMs: NOW,
        launchId: 'l-1',
        createAttemptMs: NOW - 60 * SEC,
      }),
      event: looked(view(null)),
      to: 'creating',
      effects: [{ type: 'command', command: { type: 'create' } }],
    },
    {
      title: 'creating stops before a foreign machine',
      from: state({ phase: 'creating', wanted: true, lastWakeMs: NOW }),
      event: looked(view(null, [{ ...OURS, owner: 'them' }])),
      to: 'failed',
      effects: [],
    },
    {
      title: 'a settled machine is started',
      from: state({ phase: 'creating', ...recorded }),
      event: looked(view(OURS)),
      to: 'starting',
      effects: [],
    },
    {
      title: 'a twin of this launch is deleted before the start',
      from: state({ phase: 'creating', ...recorded }),
      event: looked(view(OURS, [OURS, { ...OURS, id: 'i-2' }])),
      to: 'creating',
      effects: [{ type: 'command', command: { type: 'destroy', instanceId: 'i-2' } }],
    },
    {
      title: 'start is called on the recorded id',
      from: state({ phase: 'starting', ...recorded }),
      event: looked(view(OURS)),
      to: 'starting',
      effects: [{ type: 'command', command: { type: 'start', instanceId: 'i-1' } }],
    },
    {
      title: 'a machine that runs is probed next',
      from: state({ phase: 'starting', wanted: true, ...recorded }),
      event: looked(view({ ...OURS, status: 'running' })),
      to: 'booting',
      effects: [],
    },
    {
      title: 'a view that was taken before a command is void',
      from: state({ phase: 'starting', ...recorded }, { lookSeq: 7 }),
      event: { type: 'looked', seq: 6, view: view(OURS) },
      to: 'starting',
      effects: [{ type: 'look', seq: 7 }],
    },
    {
      title: 'a start that is said to come too early is no failure',
      from: state({ phase: 'starting', ...recorded }, { commanding: 'start' }),
      event: { type: 'refused', command: { type: 'start', instanceId: 'i-1' }, fault: fault({ conflict: true }) },
      to: 'starting',
      effects: [],
    },
    {
      title: 'Ollama that answers is given the model',
      from: state({ phase: 'booting', address: '10.0.0.1', ...recorded }, { probing: true }),
      event: { type: 'probed', address: '10.0.0.1', answered: true },
      to: 'loading',
      effects: [],
    },
    {
      title: 'an answer from an address of before is nobody’s',
      from: state({ phase: 'booting', address: '10.0.0.2', ...recorded }, { probing: true }),
      event: { type: 'probed', address: '10.0.0.1', answered: true },
      to: 'booting',
      effects: [{ type: 'look' }],
    },
    {
      title: 'a loaded model is ready',
      from: state({ phase: 'loading', address: '10.0.0.1', ...recorded }, { preparing: true }),
      event: { type: 'prepared', address: '10.0.0.1' },
      to: 'ready',
      effects: [],
    },
    {
      title: 'an idle machine drains',
      from: state({ phase: 'ready', address: '10.0.0.1', readyMs: NOW - 10 * MIN, ...recorded }),
      event: { type: 'tick' },
      to: 'draining',
      effects: [],
    },
    {
      title: 'an idle machine with an open stream does not',
      from: state({ phase: 'ready', address: '10.0.0.1', readyMs: NOW - 600 * MIN, ...recorded }),
      event: { type: 'tick' },
      to: 'ready',
      effects: [{ type: 'look' }, { type: 'probe' }, { type: 'pullOthers' }, { type: 'catalogue' }],
      ctx: { traffic: { open: 1, lastActivityMs: NOW - 600 * MIN } },
    },
    {
      title: 'a wish while draining wins',
      from: state({ phase: 'draining', address: '10.0.0.1', readyMs: NOW - 60 * MIN, ...recorded }),
      event: { type: 'wake' },
      to: 'ready',
      effects: [],
    },
    {
      title: 'nobody came while draining',
      from: state({ phase: 'draining', ...recorded }),
      event: { type: 'tick' },
      to: 'stopping',
      effects: [],
    },
    {
      title: 'a machine that no longer fits is deleted instead of stopped',
      from: state({ phase: 'draining', ...recorded, fingerprint: 'old' }),
      event: { type: 'tick' },
      to: 'deleting',
      effects: [],
    },
    {
      title: 'stopping calls stop on a running machine',
      from: state({ phase: 'stopping', ...recorded }),
      event: looked(view({ ...OURS, status: 'running' })),
      to: 'stopping',
      effects: [{ type: 'command', command: { type: 'stop', instanceId: 'i-1' } }],
    },
    {
      title: 'stopping waits for a machine that is on its way',
      from: state({ phase: 'stopping', ...recorded }),
      event: looked(view({ ...OURS, status: 'stopping' })),
      to: 'stopping',
      effects: [],
    },
    {
      title: 'a stopped machine rests',
      from: state({ phase: 'stopping', ...recorded }),
      event: looked(view(OURS)),
      to: 'stopped',
      effects: [],
    },
    {
      title: 'deleting ends when the cloud knows nothing',
      from: state({ phase: 'deleting', ...recorded }),
      event: looked(view(null)),
      to: 'absent',
      effects: [],
    },
    {
      title: 'after a restart a ready machine is proven again',
      from: state({ phase: 'ready', address: '10.0.0.1', readyMs: NOW - MIN, ...recorded }),
      event: { type: 'restarted' },
      to: 'booting',
      effects: [],
    },
  ])('$title', ({ from, event, to, effects, ctx }) => {
    const next = transition(from, event, { ...context, ...ctx });
    expect(next.state.record.phase).toBe(to);
    expect(next.effects.filter(({ type }) => type !== 'tickAt')).toMatchObject(effects);
  });
});

describe('every transition', () => {
  const phase = fc.constantFrom<Phase>(
    'absent',
    'creating',
    'starting',
    'booting',
    'loading',
    'ready',
    'draining',
    'stopping',
    'stopped',
    'deleting',
    'failed',
  );
  const maybe = <T>(value: T) => fc.constantFrom(value, null);
  const time = fc.constantFrom(NOW - 90 * MIN, NOW - 20 * SEC, NOW, NOW + 5 * MIN);
  const anyMachine = fc.record({
    id: fc.constantFrom('i-1', 'i-2'),
    status: fc.constantFrom(
      'starting',
      'running',
      'stopping',
      'stopped',
      'migrating',
      'error',
      'destroying',
      'surprising',
    ),
    owner: fc.constantFrom('us', 'them', null),
    launchId: maybe('l-1'),
    fingerprint: maybe('fp'),
  });
  const anyView: fc.Arbitrary<CloudView> = fc
    .record({
      recorded: fc.option(anyMachine),
      pool: fc.array(anyMachine, { maxLength: 3 }),
      named: fc.array(anyMachine, { maxLength: 2 }),
      failed: fc.boolean(),
    })
    .map(({ recorded: one, pool, named, failed }) => ({
      recorded: one && { ...OURS, ...one },
      pool: pool.map((each) => ({ ...OURS, ...each })),
      named: named.map((each) => ({ ...OURS, ...each, owner: null })),
      operation: failed ? { state: 'failure', error: new CloudError('capacity', 'none') } : null,
    }));
  const anyFault = fc
    .record({
      conflict: fc.boolean(),
      gone: fc.boolean(),
      ambiguous: fc.boolean(),
      code: fc.constantFrom('capacity' as const, 'auth' as const, 'boot_failed' as const),
    })
    .map(fault);
  const anyCommand = fc.constantFrom(
    { type: 'create' as const, launchId: 'l-1', owner: 'us' },
    { type: 'start' as const, instanceId: 'i-1' },
    { type: 'stop' as const, instanceId: 'i-1' },
    { type: 'destroy' as const, instanceId: 'i-2' },
    { type: 'label' as const, instanceId: 'i-2', launchId: 'l-1', owner: 'us' },
  );
  const anyEvent: fc.Arbitrary<PoolEvent> = fc.oneof(
    fc.constantFrom<PoolEvent>(
      { type: 'wake' },
      { type: 'tick' },
      { type: 'suspected' },
      { type: 'restarted' },
      { type: 'prepared', address: '10.0.0.1' },
      { type: 'probed', address: '10.0.0.1', answered: false },
    ),
    anyView.map(looked),
    anyFault.map((one): PoolEvent => ({ type: 'lookFailed', seq: 0, fault: one })),
    fc.tuple(anyCommand, anyFault).map(([command, one]): PoolEvent => ({ type: 'refused', command, fault: one })),
    anyCommand.map((command): PoolEvent => ({ type: 'accepted', command, operationId: 'op', instanceId: 'i-1' })),
    anyFault.map((one): PoolEvent => ({ type: 'prepareFailed', address: '10.0.0.1', fault: one })),
  );
  const anyState = fc
    .record({
      phase,
      phaseSinceMs: time,
      wanted: fc.boolean(),
      lastWakeMs: fc.option(time),
      instanceId: maybe('i-1'),
      launchId: maybe('l-1'),
      fingerprint: maybe('fp'),
      address: maybe('10.0.0.1'),
      createAttemptMs: fc.option(time),
      readyMs: fc.option(time),
      notBeforeMs: fc.option(time),
      retiredInstanceId: maybe('i-0'),
      cleanup: fc.constantFrom('none' as const, 'stop' as const, 'destroy' as const),
      failure: fc.option(
        fc.constantFrom(
          { code: 'capacity' as const, message: '', heals: true, atMs: NOW },
          { code: 'auth' as const, message: '', heals: false, atMs: NOW },
        ),
      ),
    })
    .chain((record) =>
      fc
        .record({
          commanding: maybe('stop' as const),
          looking: fc.boolean(),
          probing: fc.boolean(),
          preparing: fc.boolean(),
        })
        .map((senses) => state(record, senses)),
    );
  const anyTraffic = fc.record({ open: fc.nat({ max: 1 }), lastActivityMs: fc.option(time) });

  it('takes at most one step, and none while a call is under way', () => {
    fc.assert(
      fc.property(anyState, anyEvent, anyTraffic, (from, event, traffic) => {
        const next = transition(from, event, { ...context, traffic });
        const commands = next.effects.filter(({ type }) => type === 'command');
        const settles = event.type === 'accepted' || event.type === 'refused';
        expect(commands.length).toBeLessThanOrEqual(from.senses.commanding && !settles ? 0 : 1);
        expect(next.log.length).toBeLessThanOrEqual(1);
        expect(next.state.record.phase !== from.record.phase).toBe(
          next.log.length === 1 && next.log[0]?.from !== next.log[0]?.to,
        );
      }),
      { numRuns: 2000 },
    );
  });

  it('leaves the state that it came from as it was', () => {
    fc.assert(
      fc.property(anyState, anyEvent, anyTraffic, (from, event, traffic) => {
        const before = structuredClone(from);
        transition(from, event, { ...context, traffic });
        expect(from).toEqual(before);
      }),
    );
  });

  it('creates no machine while one is recorded or an attempt is open, and stops none that serves somebody', () => {
    fc.assert(
      fc.property(anyState, anyEvent, anyTraffic, (from, event, traffic) => {
        const next = transition(from, event, { ...context, traffic });
        for (const effect of next.effects) {
          if (effect.type !== 'command') continue;
          if (effect.command.type === 'create') {
            expect(next.state.record.instanceId).toBeNull();
            const attemptMs = from.record.createAttemptMs;
            const closed = event.type === 'refused' && !event.fault.ambiguous;
            if (attemptMs !== null && !closed)
              expect(NOW - attemptMs).toBeGreaterThanOrEqual(context.policy.timings.quarantineMs);
          }
          if (effect.command.type === 'stop') expect(['ready', 'draining']).not.toContain(next.state.record.phase);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

function fault(patch: Partial<Fault>): Fault {
  return { code: 'cloud_unavailable', message: 'it said no', conflict: false, gone: false, ambiguous: false, ...patch };
}

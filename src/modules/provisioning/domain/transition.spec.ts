/** The pure core by itself: a table of (phase, event) → (phase, effects). */
import { describe, expect, it } from '@jest/globals';
import { SEC, MIN } from '../../../../test/support/lifecycle-suite.js';
import { NOW, OURS, context, view, state, recorded, looked, fault } from '../../../../test/support/pool-state.js';
import type { Context, PoolState } from './draft.js';
import type { PoolEvent } from './events.js';
import type { Phase } from './model.js';
import { transition } from './transition.js';

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
      from: state({ phase: 'starting', wanted: true, ...recorded }),
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
      event: { type: 'probed', seq: 0, outcome: 'answered' },
      to: 'loading',
      effects: [],
    },
    {
      title: 'an answer from a machine that was left is nobody’s',
      from: state({ phase: 'booting', address: '10.0.0.2', ...recorded }, { probing: true, machineSeq: 1 }),
      event: { type: 'probed', seq: 0, outcome: 'answered' },
      to: 'booting',
      effects: [{ type: 'look' }],
    },
    {
      title: 'a loaded model is ready',
      from: state({ phase: 'loading', address: '10.0.0.1', ...recorded }, { preparing: true }),
      event: { type: 'prepared', seq: 0 },
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
      title: 'a machine is latched before it is stopped',
      from: state({ phase: 'draining', address: '10.0.0.1', readyMs: NOW - 60 * MIN, ...recorded }),
      event: { type: 'tick' },
      to: 'draining',
      effects: [{ type: 'latch', address: '10.0.0.1' }],
    },
    {
      title: 'a wish while draining wins',
      from: state({ phase: 'draining', address: '10.0.0.1', readyMs: NOW - 60 * MIN, ...recorded }),
      event: { type: 'wake' },
      to: 'ready',
      effects: [],
    },
    {
      title: 'a wish while draining opens the latch before it is served',
      from: state({ phase: 'draining', address: '10.0.0.1', readyMs: NOW, ...recorded }, { latch: 'closed' }),
      event: { type: 'wake' },
      to: 'draining',
      effects: [{ type: 'unlatch', address: '10.0.0.1' }],
    },
    {
      title: 'nobody is connected to the latched machine: it is stopped',
      from: state({ phase: 'draining', address: '10.0.0.1', readyMs: NOW, ...recorded }, { latch: 'closing' }),
      event: { type: 'latched', seq: 0, busy: 0 },
      to: 'stopping',
      effects: [],
    },
    {
      title: 'somebody is connected to the latched machine: the latch is opened again',
      from: state({ phase: 'draining', address: '10.0.0.1', readyMs: NOW, ...recorded }, { latch: 'closing' }),
      event: { type: 'latched', seq: 0, busy: 2 },
      to: 'draining',
      effects: [{ type: 'unlatch' }],
    },
    {
      title: 'a machine that cannot be latched is tried again',
      from: state({ phase: 'draining', address: '10.0.0.1', readyMs: NOW, ...recorded }, { latch: 'closing' }),
      event: { type: 'latched', seq: 0, busy: null },
      to: 'draining',
      effects: [],
    },
    {
      title: 'a machine that could not be latched three times serves nobody: it is stopped',
      from: state(
        { phase: 'draining', address: '10.0.0.1', readyMs: NOW, ...recorded },
        { latch: 'closing', latchFailures: 2 },
      ),
      event: { type: 'latched', seq: 0, busy: null },
      to: 'stopping',
      effects: [],
    },
    {
      title: 'a machine whose latch cannot be opened again is proven anew',
      from: state({ phase: 'draining', address: '10.0.0.1', ...recorded, wanted: true }, { latch: 'opening' }),
      event: { type: 'unlatched', seq: 0, done: false },
      to: 'booting',
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

/** The pure core by itself: what holds for every state and every event. */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { SEC, MIN } from '../../../../test/support/lifecycle-suite.js';
import { NOW, context, state, looked, fault, OURS } from '../../../../test/support/pool-state.js';
import { CloudError, type CloudView } from '../ports/cloud.port.js';
import type { PoolEvent } from './events.js';
import type { Phase } from './model.js';
import { transition } from './transition.js';

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
      { type: 'prepared', seq: 0 },
      { type: 'probed', seq: 0, outcome: 'silent' },
    ),
    anyView.map(looked),
    anyFault.map((one): PoolEvent => ({ type: 'lookFailed', seq: 0, fault: one })),
    fc.tuple(anyCommand, anyFault).map(([command, one]): PoolEvent => ({ type: 'refused', command, fault: one })),
    anyCommand.map((command): PoolEvent => ({ type: 'accepted', command, operationId: 'op', instanceId: 'i-1' })),
    anyFault.map((one): PoolEvent => ({ type: 'prepareFailed', seq: 0, fault: one })),
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

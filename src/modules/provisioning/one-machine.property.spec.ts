/**
 * The promise of the gateway as a property: whatever users, time, the cloud, other hands and crashes do in any order,
 * there are never two machines running, none is forgotten, no open stream is cut, and in the end it works again.
 */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { isMistake, MIN, SEC } from '../../../test/support/lifecycle-suite.js';
import { MODEL, World, type Gateway } from '../../../test/support/pool-harness.js';
import { CloudError } from './ports/cloud.port.js';
import type { TrafficLease } from './provisioning.gate.js';

type Action =
  | { do: 'request' | 'open' | 'close' | 'crash' | 'deafen' | 'heal' | 'breakStore' | 'stopByHand' | 'deleteByHand' }
  | { do: 'pass'; seconds: number }
  | {
      do: 'refuse';
      call: 'look' | 'create' | 'start' | 'stop' | 'destroy';
      kind: 'transient' | 'capacity' | 'auth' | 'conflict';
      times: number;
    }
  | { do: 'loseAnswer'; call: 'create' | 'start' | 'stop' | 'destroy' }
  | { do: 'failJob'; call: 'create' | 'start' | 'stop'; kind: 'capacity' | 'transient' }
  | { do: 'refuseModel'; fault: 'model_missing' | 'model_failed' | 'disk_full' };

const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('pass' as const), seconds: fc.integer({ min: 1, max: 900 }) }) },
  { weight: 5, arbitrary: fc.constant<Action>({ do: 'request' }) },
  {
    weight: 3,
    arbitrary: fc.constantFrom<Action>(
      { do: 'open' },
      { do: 'close' },
      { do: 'crash' },
      { do: 'deafen' },
      { do: 'heal' },
      { do: 'breakStore' },
      { do: 'stopByHand' },
      { do: 'deleteByHand' },
    ),
  },
  fc.record({
    do: fc.constant('refuse' as const),
    call: fc.constantFrom('look' as const, 'create' as const, 'start' as const, 'stop' as const, 'destroy' as const),
    kind: fc.constantFrom('transient' as const, 'capacity' as const, 'auth' as const, 'conflict' as const),
    times: fc.integer({ min: 1, max: 4 }),
  }),
  fc.record({
    do: fc.constant('loseAnswer' as const),
    call: fc.constantFrom('create' as const, 'start' as const, 'stop' as const, 'destroy' as const),
  }),
  fc.record({
    do: fc.constant('failJob' as const),
    call: fc.constantFrom('create' as const, 'start' as const, 'stop' as const),
    kind: fc.constantFrom('capacity' as const, 'transient' as const),
  }),
  fc.record({
    do: fc.constant('refuseModel' as const),
    fault: fc.constantFrom('model_missing' as const, 'model_failed' as const, 'disk_full' as const),
  }),
);

class Story {
  private gateway!: Gateway;
  private leases: TrafficLease[] = [];
  readonly mistakes: string[] = [];
  /** Machines that lost power under an open stream although nobody else's hand was in it. */
  cutStreams = 0;
  private otherHands = false;

  private constructor(readonly world: World) {}

  static async begin(listLagMs: number, idleAction: 'stop' | 'destroy'): Promise<Story> {
    const world = new World({
      // The longer steps make the long stories quick; idleness is looked at when it is due in any case.
      tickMs: 10 * SEC,
      cloud: { listLagMs },
      lifecycle: { maxStartsPerHour: 0, idleTimeoutSec: 300, idleAction },
    });
    const story = new Story(world);
    world.cloud.onPower(
      ({ address }) =>
        world.machines.bootAfter(address, world.deaf ? Number.POSITIVE_INFINITY : world.clock.nowMs() + world.bootMs),
      ({ address }) => {
        if (address !== null) world.machines.reachable(address, false);
        if (story.leases.length > 0 && !story.otherHands) story.cutStreams += 1;
      },
    );
    story.gateway = await world.gateway();
    return story;
  }

  async act(step: Action): Promise<void> {
    const { cloud, machines, store } = this.world;
    const running = cloud.machines().find(({ status }) => status === 'running' || status === 'stopped');
    switch (step.do) {
      case 'pass':
        return this.gateway.pass(step.seconds * SEC);
      case 'request':
        void this.gateway.request().then((admission) => admission.kind === 'served' && admission.lease.release());
        return this.gateway.pass(SEC);
      case 'open': {
        const lease = this.gateway.service.tryAcquire(true);
        if (lease) this.leases.push(lease);
        return;
      }
      case 'close':
        return this.leases.shift()?.release();
      case 'crash':
        this.mistakes.push(...this.mistakesSoFar());
        this.gateway.kill();
        this.leases = [];
        this.gateway = await this.world.gateway();
        return;
      case 'deafen':
        this.world.deaf = true;
        return;
      case 'heal':
        return this.heal();
      case 'breakStore':
        return store.failWrites('disk full');
      case 'refuse':
        return cloud.failNext(step.call, new CloudError(step.kind, step.kind), step.times);
      case 'loseAnswer':
        return cloud.loseAnswer(step.call);
      case 'failJob':
        return cloud.failOperation(step.call, new CloudError(step.kind, step.kind));
      case 'refuseModel':
        return machines.refuse(MODEL, step.fault);
      case 'stopByHand':
      case 'deleteByHand':
        if (!running || (step.do === 'stopByHand' && running.status !== 'running')) return;
        this.otherHands = true;
        cloud[step.do](running.id);
        this.otherHands = false;
        // Streams of a machine that somebody else switched off are over.
        for (const lease of this.leases.splice(0)) lease.release();
    }
  }

  /** Nothing is broken any more and everybody has left: what remains? */
  async calm(): Promise<void> {
    for (const lease of this.leases.splice(0)) lease.release();
    this.heal();
    await this.gateway.pass(150 * MIN);
    this.mistakes.push(...this.mistakesSoFar());
  }

  /** A user comes once more, patiently. */
  async works(): Promise<boolean> {
    for (let minute = 0; minute < 60; minute += 1) {
      if (this.gateway.service.tryAcquire(true)) return true;
      void this.gateway.request().then((admission) => admission.kind === 'served' && admission.lease.release());
      await this.gateway.pass(MIN);
    }
    return false;
  }

  private heal(): void {
    this.world.deaf = false;
    this.world.store.failWrites(null);
    this.world.machines.refuse(MODEL, null);
  }

  private mistakesSoFar(): string[] {
    return this.gateway.errors.filter(isMistake);
  }
}

describe('whatever happens', () => {
  it('there is never a second machine, never a forgotten one, never a cut stream, and it works again in the end', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(action, { minLength: 5, maxLength: 30 }),
        fc.constantFrom(0, 8 * SEC, 45 * SEC),
        fc.constantFrom('stop' as const, 'destroy' as const),
        async (actions, listLagMs, idleAction) => {
          const story = await Story.begin(listLagMs, idleAction);
          for (const step of actions) await story.act(step);
          await story.calm();
          const { cloud } = story.world;
          expect(story.mistakes).toEqual([]);
          expect(cloud.runningAtOnce()).toBeLessThanOrEqual(1);
          expect(story.cutStreams).toBe(0);
          expect(cloud.machines().filter(({ status }) => status !== 'stopped')).toEqual([]);
          expect(cloud.machines().length).toBeLessThanOrEqual(1);
          expect(await story.works()).toBe(true);
        },
      ),
      // A failure shrinks for a while, not for ever.
      { numRuns: 100, interruptAfterTimeLimit: 60_000, markInterruptAsFailure: true },
    );
  }, 120_000);
});

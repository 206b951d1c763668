/**
 * A whole lifecycle (gate, reconciler, pure core) over fakes of its three ports and a clock that the test moves. Specs
 * drive it as users do, with requests and time, and look at machines, answers and phases.
 */
import { PoolConfig, LifecycleConfig } from '../../src/common/config/classes.js';
import type { Logger } from '../../src/common/logging/logger.js';
import { MemoryStateStore } from '../../src/modules/state-store/memory-state-store.js';
import { CatalogueKeeper } from '../../src/modules/provisioning/catalogue-keeper.js';
import type { Phase } from '../../src/modules/provisioning/domain/model.js';
import { EffectRunner } from '../../src/modules/provisioning/effect-runner.js';
import { poolPolicy } from '../../src/modules/provisioning/provisioning.module.js';
import type { Admission, TrafficLease } from '../../src/modules/provisioning/provisioning.gate.js';
import { PoolControlService } from '../../src/modules/provisioning/pool-control.service.js';
import type { PoolControl } from '../../src/modules/provisioning/provisioning.control.js';
import { ProvisioningService } from '../../src/modules/provisioning/provisioning.service.js';
import { Reconciler } from '../../src/modules/provisioning/reconciler.js';
import { TrafficCounter } from '../../src/modules/provisioning/traffic.js';
import { FakeCloud, type FakeCloudOptions } from '../fakes/fake-cloud.js';
import { FakeMachines } from '../fakes/fake-machine.js';
import { ManualClock, settle } from './manual-clock.js';

export const MODEL = 'granite3.1-dense:8b';
const SEC = 1000;

export interface HarnessOptions {
  lifecycle?: Partial<LifecycleConfig>;
  pool?: Partial<PoolConfig>;
  cloud?: Partial<FakeCloudOptions>;
  models?: string[];
  /** Period of the jobs; below the pool lease's 15 s. */
  tickMs?: number;
  /** Time between running for the cloud and Ollama's first answer. */
  bootMs?: number;
}

/** The world outlives the gateway: a second gateway over the same world is a restart. */
export class World {
  readonly clock = new ManualClock();
  readonly cloud: FakeCloud;
  readonly machines: FakeMachines;
  readonly store: MemoryStateStore;
  bootMs: number;
  /** Machines whose Ollama does not come up. */
  deaf = false;

  constructor(readonly options: HarnessOptions = {}) {
    this.bootMs = options.bootMs ?? 20 * SEC;
    this.cloud = new FakeCloud(this.clock, options.cloud);
    this.machines = new FakeMachines(this.clock);
    this.store = new MemoryStateStore({
      clock: this.clock,
      owner: options.pool?.owner ?? null,
      newId: () => 'owner-of-this-gateway',
    });
    this.machines.pullTakes(60 * SEC);
    this.machines.loadTakes(10 * SEC);
    this.cloud.onPower(
      ({ address }) =>
        this.machines.bootAfter(address, this.deaf ? Number.POSITIVE_INFINITY : this.clock.nowMs() + this.bootMs),
      ({ address }) => address !== null && this.machines.reachable(address, false),
    );
  }

  /** Starts a gateway process over this world. */
  async gateway(): Promise<Gateway> {
    const gateway = new Gateway(this);
    await gateway.start();
    return gateway;
  }
}

export class Gateway {
  readonly service: ProvisioningService;
  readonly control: PoolControl;
  readonly phases: Phase[] = [];
  readonly errors: string[] = [];
  private readonly reconciler: Reconciler;
  private readonly traffic: TrafficCounter;
  private nextId = 0;
  private dead = false;

  constructor(readonly world: World) {
    const { clock, cloud, machines, store, options } = world;
    const log = this.logger();
    const lifecycle = Object.assign(new LifecycleConfig(), DEFAULTS, options.lifecycle);
    const keeper = new CatalogueKeeper(machines, store, log);
    const runner = new EffectRunner(
      cloud,
      machines,
      keeper,
      { models: options.models ?? [MODEL], idleTimeoutSec: lifecycle.idleTimeoutSec },
      log,
    );
    const pool = Object.assign(new PoolConfig(), { pool: 'default', owner: null, adoptOwner: null }, options.pool);
    const bootId = `boot-${clock.nowMs()}`;
    const chance = { random: () => 0.5, newId: () => `${bootId}-${(this.nextId += 1)}` };
    this.traffic = new TrafficCounter(clock);
    this.reconciler = new Reconciler(
      store,
      runner,
      this.traffic,
      { clock, chance, log },
      poolPolicy(cloud, pool, lifecycle),
    );
    const hold = {
      resumeMs: lifecycle.holdResumeSec * SEC,
      createMs: lifecycle.holdCreateSec * SEC,
      maxMs: lifecycle.holdMaxSec * SEC,
    };
    this.control = new PoolControlService(this.reconciler);
    this.service = new ProvisioningService(this.reconciler, this.traffic, keeper, hold, { clock, log });
  }

  async start(): Promise<void> {
    await this.service.start();
    this.service.state$.subscribe(({ phase }) => {
      if (this.phases.at(-1) !== phase) this.phases.push(phase);
    });
    this.tick();
    await settle();
  }

  get phase(): Phase {
    return this.service.snapshot().phase;
  }

  /** A request as the data plane makes it; not awaited when it may be held. */
  request(demand: { waking?: boolean; holdMs?: number; signal?: AbortSignal } = {}): Promise<Admission> {
    return this.service.acquire({
      waking: demand.waking ?? true,
      arrivedMs: this.world.clock.monotonicMs(),
      holdMs: demand.holdMs ?? null,
      signal: demand.signal ?? new AbortController().signal,
      actor: null,
    });
  }

  /** A request that must be served: its lease. */
  async served(demand: { waking?: boolean } = {}): Promise<TrafficLease> {
    const admission = await this.request(demand);
    if (admission.kind !== 'served') throw new Error(`not served: ${JSON.stringify(admission)}`);
    return admission.lease;
  }

  /** A request that must get a cold answer: that answer. */
  async cold(demand: { waking?: boolean; holdMs?: number } = {}) {
    const admission = await this.request(demand);
    if (admission.kind !== 'cold') throw new Error(`not cold: ${admission.kind}`);
    return admission.answer;
  }

  /** Lets time pass until the phase is reached; fails when it is not within `withinMs`. */
  async until(phase: Phase, withinMs = 3_600_000): Promise<void> {
    const endMs = this.world.clock.nowMs() + withinMs;
    await settle();
    while (this.phase !== phase) {
      if (this.world.clock.nowMs() >= endMs)
        throw new Error(`still ${this.phase}, not ${phase}: ${this.phases.join(' → ')}`);
      await this.world.clock.advance(250);
    }
  }

  async pass(ms: number): Promise<void> {
    await this.world.clock.advance(ms);
  }

  /** Ends without a word, as `kill -9` does: nothing that is under way is recorded any more. */
  kill(): void {
    this.dead = true;
    void this.world.store.close();
    // The dead write nothing: whatever still happens in this process must not reach the store.
    Object.assign(this.reconciler, { handle: () => Promise.resolve(), perform: () => undefined });
  }

  private tick(): void {
    this.world.clock.after(this.world.options.tickMs ?? SEC, () => {
      if (this.dead) return;
      this.reconciler.post({ type: 'tick' });
      this.reconciler.post({ type: 'heartbeat' });
      this.reconciler.post({ type: 'renew' });
      this.tick();
    });
  }

  private logger(): Logger {
    const quiet = () => undefined;
    return {
      debug: quiet,
      info: quiet,
      warn: quiet,
      error: (fields: { err?: unknown }, message: string) =>
        this.errors.push(`${message}: ${fields.err instanceof Error ? fields.err.message : ''}`),
    };
  }
}

const DEFAULTS: Partial<LifecycleConfig> = {
  idleTimeoutSec: 1800,
  idleAction: 'stop',
  destroyAfterSec: 604_800,
  unclaimedSec: 600,
  maxStartsPerHour: 6,
  holdResumeSec: 45,
  holdCreateSec: 0,
  holdMaxSec: 900,
  timeScale: 1,
};

/**
 * Wires the lifecycle. The adapters are handed in by the composition root, so this module knows ports only; it exports
 * the gate and the control, and nothing else.
 */
import { randomUUID } from 'node:crypto';
import {
  Inject,
  Injectable,
  Module,
  type DynamicModule,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common';
import { ScheduleModule, SchedulerRegistry } from '@nestjs/schedule';
import { LifecycleConfig, PoolConfig } from '../../common/config/classes.js';
import { ModelConfig } from '../../common/config/model-config.js';
import { Logger } from '../../common/logging/logger.js';
import { Clock } from '../../common/time/clock.js';
import { CatalogueKeeper } from './catalogue-keeper.js';
import { timingsAt } from './domain/timings.js';
import type { PoolPolicy } from './domain/policy.js';
import { EffectRunner } from './effect-runner.js';
import { LifecycleJobs } from './lifecycle.jobs.js';
import { CloudPort } from './ports/cloud.port.js';
import { MachinePort } from './ports/machine.port.js';
import { StateStorePort } from './ports/state-store.port.js';
import { PoolControlService } from './pool-control.service.js';
import { PoolControl } from './provisioning.control.js';
import { ProvisioningGate } from './provisioning.gate.js';
import { ProvisioningService } from './provisioning.service.js';
import { Reconciler } from './reconciler.js';
import { TrafficCounter } from './traffic.js';

/** Modules that export the adapter of each port. */
export interface Adapters {
  cloud: DynamicModule;
  machine: DynamicModule;
  store: DynamicModule;
}

/** Starts the lifecycle when the application is up, and ends it last: leases are released and stores closed after the listener. */
@Injectable()
class LifecycleRunner implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly jobs: LifecycleJobs;

  constructor(
    @Inject(ProvisioningService) private readonly service: ProvisioningService,
    @Inject(Reconciler) reconciler: Reconciler,
    @Inject(SchedulerRegistry) scheduler: SchedulerRegistry,
    @Inject(LifecycleConfig) config: LifecycleConfig,
  ) {
    this.jobs = new LifecycleJobs(scheduler, (message) => reconciler.post(message), config.timeScale);
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.service.start();
    this.jobs.start();
  }

  async onApplicationShutdown(): Promise<void> {
    this.jobs.stop();
    await this.service.stop();
  }
}

@Module({})
export class ProvisioningModule {
  static register(adapters: Adapters): DynamicModule {
    return {
      module: ProvisioningModule,
      imports: [ScheduleModule.forRoot(), adapters.cloud, adapters.machine, adapters.store],
      providers: [
        LifecycleRunner,
        { provide: TrafficCounter, useFactory: (clock: Clock) => new TrafficCounter(clock), inject: [Clock] },
        {
          provide: CatalogueKeeper,
          useFactory: (machine: MachinePort, store: StateStorePort, log: Logger) =>
            new CatalogueKeeper(machine, store, log),
          inject: [MachinePort, StateStorePort, Logger],
        },
        {
          provide: EffectRunner,
          useFactory: (
            cloud: CloudPort,
            machine: MachinePort,
            keeper: CatalogueKeeper,
            model: ModelConfig,
            lifecycle: LifecycleConfig,
            log: Logger,
          ) =>
            new EffectRunner(
              cloud,
              machine,
              keeper,
              { models: model.models, idleTimeoutSec: lifecycle.idleTimeoutSec },
              log,
            ),
          inject: [CloudPort, MachinePort, CatalogueKeeper, ModelConfig, LifecycleConfig, Logger],
        },
        {
          provide: Reconciler,
          useFactory: createReconciler,
          inject: [StateStorePort, EffectRunner, TrafficCounter, Clock, Logger, CloudPort, PoolConfig, LifecycleConfig],
        },
        {
          provide: ProvisioningService,
          useFactory: (
            reconciler: Reconciler,
            traffic: TrafficCounter,
            keeper: CatalogueKeeper,
            config: LifecycleConfig,
            clock: Clock,
            log: Logger,
          ) => new ProvisioningService(reconciler, traffic, keeper, holdPolicy(config), { clock, log }),
          inject: [Reconciler, TrafficCounter, CatalogueKeeper, LifecycleConfig, Clock, Logger],
        },
        { provide: ProvisioningGate, useExisting: ProvisioningService },
        {
          provide: PoolControl,
          useFactory: (reconciler: Reconciler) => new PoolControlService(reconciler),
          inject: [Reconciler],
        },
      ],
      exports: [ProvisioningGate, PoolControl],
    };
  }
}

function createReconciler(
  store: StateStorePort,
  runner: EffectRunner,
  traffic: TrafficCounter,
  clock: Clock,
  log: Logger,
  cloud: CloudPort,
  pool: PoolConfig,
  lifecycle: LifecycleConfig,
): Reconciler {
  const chance = { random: () => Math.random(), newId: () => randomUUID() };
  return new Reconciler(store, runner, traffic, { clock, chance, log }, poolPolicy(cloud, pool, lifecycle));
}

/** The policy that the configuration means; the owner is added from the store. */
export function poolPolicy(
  cloud: Pick<CloudPort, 'fingerprint' | 'linkEpoch' | 'linkEpochs'>,
  pool: PoolConfig,
  lifecycle: LifecycleConfig,
): Omit<PoolPolicy, 'owner'> {
  return {
    adoptOwner: pool.adoptOwner,
    fingerprint: cloud.fingerprint,
    linkEpoch: cloud.linkEpoch,
    linkEpochs: cloud.linkEpochs,
    idleTimeoutMs: lifecycle.idleTimeoutSec * 1000,
    unclaimedMs: lifecycle.unclaimedSec * 1000,
    idleAction: lifecycle.idleAction,
    destroyAfterMs: lifecycle.destroyAfterSec * 1000,
    maxStartsPerHour: lifecycle.maxStartsPerHour,
    timings: timingsAt(lifecycle.timeScale),
  };
}

function holdPolicy(config: LifecycleConfig) {
  return {
    resumeMs: config.holdResumeSec * 1000,
    createMs: config.holdCreateSec * 1000,
    maxMs: config.holdMaxSec * 1000,
  };
}

/** Metrics: what the gateway has counted, and what it saw of the pool. */
import { Module, type DynamicModule } from '@nestjs/common';
import { MetricsController } from './metrics.controller.js';
import { Metrics } from './metrics.js';
import { PoolWatcher } from './pool-watcher.js';

@Module({})
export class ObservabilityModule {
  /** @param pool exports the gate, the control and the tallies */
  static register(pool: DynamicModule): DynamicModule {
    return {
      module: ObservabilityModule,
      imports: [pool],
      controllers: [MetricsController],
      providers: [Metrics, PoolWatcher],
    };
  }
}

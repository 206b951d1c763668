/** Provides StateStorePort: SQLite in the configured folder. Needs a Clock provider from the application. */
import { type DynamicModule, Module } from '@nestjs/common';
import type { GatewayConfig } from '../../common/config/gateway-config.js';
import { Clock } from '../../common/time/clock.js';
import { StateStorePort } from '../provisioning/ports/state-store.port.js';
import { SqliteStateStore } from './sqlite-state-store.js';

@Module({})
export class StateStoreModule {
  /** Who works with the store opens and closes it: only they know what a failure means, and when the last write is made. */
  static register(config: Pick<GatewayConfig, 'state' | 'pool'>): DynamicModule {
    const store = {
      provide: StateStorePort,
      inject: [Clock],
      useFactory: (clock: Clock): StateStorePort =>
        new SqliteStateStore({ dir: config.state.dir, pool: config.pool.pool, owner: config.pool.owner, clock }),
    };
    return { module: StateStoreModule, providers: [store], exports: [store] };
  }
}

/** Configuration, log, clock and tallies: the only things that everybody may ask for. */
import { Global, Module, type DynamicModule } from '@nestjs/common';
import { AccessConfig, AdminConfig } from './config/access-config.js';
import { CloudConfig, LifecycleConfig, ListenerConfig, PoolConfig, StateConfig } from './config/classes.js';
import type { GatewayConfig } from './config/gateway-config.js';
import { LinkConfig } from './config/link-config.js';
import { ModelConfig } from './config/model-config.js';
import { Logger } from './logging/logger.js';
import { Tallies } from './metrics/tallies.js';
import { Clock, SystemClock } from './time/clock.js';

@Global()
@Module({})
export class CommonModule {
  static register(config: GatewayConfig, log: Logger, tallies: Tallies): DynamicModule {
    const providers = [
      { provide: CloudConfig, useValue: config.cloud },
      { provide: ModelConfig, useValue: config.model },
      { provide: ListenerConfig, useValue: config.listener },
      { provide: AccessConfig, useValue: config.access },
      { provide: AdminConfig, useValue: config.admin },
      { provide: PoolConfig, useValue: config.pool },
      { provide: StateConfig, useValue: config.state },
      { provide: LinkConfig, useValue: config.link },
      { provide: LifecycleConfig, useValue: config.lifecycle },
      { provide: Logger, useValue: log },
      { provide: Tallies, useValue: tallies },
      { provide: Clock, useClass: SystemClock },
    ];
    return { module: CommonModule, providers, exports: providers };
  }
}

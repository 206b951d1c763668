/** The composition root's module: the only file that names adapters. */
import { Global, Module, type DynamicModule } from '@nestjs/common';
import { AccessConfig, AdminConfig } from './common/config/access-config.js';
import { CloudConfig, LifecycleConfig, ListenerConfig, PoolConfig, StateConfig } from './common/config/classes.js';
import { LinkConfig } from './common/config/link-config.js';
import { ModelConfig } from './common/config/model-config.js';
import type { GatewayConfig } from './common/config/gateway-config.js';
import { Logger } from './common/logging/logger.js';
import { Clock, SystemClock } from './common/time/clock.js';
import { AdminModule } from './modules/admin/admin.module.js';
import { ExoscaleModule } from './modules/exoscale/exoscale.module.js';
import { HealthModule } from './modules/health/health.module.js';
import { LinkModule } from './modules/link/link.module.js';
import { MachineModule } from './modules/machine/machine.module.js';
import { ProvisioningModule } from './modules/provisioning/provisioning.module.js';
import type { FrontDoor } from './modules/proxy/front-door.js';
import { ProxyModule } from './modules/proxy/proxy.module.js';
import { StateStoreModule } from './modules/state-store/state-store.module.js';

/** Configuration, log and clock: the only things that everybody may ask for. */
@Global()
@Module({})
class CommonModule {
  static register(config: GatewayConfig, log: Logger): DynamicModule {
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
      { provide: Clock, useClass: SystemClock },
    ];
    return { module: CommonModule, providers, exports: providers };
  }
}

@Module({})
export class AppModule {
  static register(config: GatewayConfig, log: Logger, door: FrontDoor): DynamicModule {
    const provisioning = ProvisioningModule.register({
      cloud: ExoscaleModule.register(config),
      machine: MachineModule.register(config),
      store: StateStoreModule.register(config),
    });
    return {
      module: AppModule,
      imports: [
        CommonModule.register(config, log),
        LinkModule.register(config),
        provisioning,
        ProxyModule.register(provisioning, door),
        HealthModule.register(provisioning),
        AdminModule.register(provisioning),
      ],
    };
  }
}

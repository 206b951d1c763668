/** The composition root's module, of the public listener's application: the only file that names adapters. */
import { Module, type DynamicModule } from '@nestjs/common';
import { CommonModule } from './common/common.module.js';
import type { GatewayConfig } from './common/config/gateway-config.js';
import type { Logger } from './common/logging/logger.js';
import type { Tallies } from './common/metrics/tallies.js';
import { StatusModule } from './modules/admin/status.module.js';
import { ExoscaleModule } from './modules/exoscale/exoscale.module.js';
import { HealthModule } from './modules/health/health.module.js';
import { LinkModule } from './modules/link/link.module.js';
import { MachineModule } from './modules/machine/machine.module.js';
import { ProvisioningModule } from './modules/provisioning/provisioning.module.js';
import type { FrontDoor } from './modules/proxy/front-door.js';
import { ProxyModule } from './modules/proxy/proxy.module.js';
import { StateStoreModule } from './modules/state-store/state-store.module.js';

@Module({})
export class AppModule {
  static register(config: GatewayConfig, log: Logger, tallies: Tallies, door: FrontDoor): DynamicModule {
    const provisioning = ProvisioningModule.register({
      cloud: ExoscaleModule.register(config),
      machine: MachineModule.register(config),
      store: StateStoreModule.register(config),
    });
    return {
      module: AppModule,
      imports: [
        CommonModule.register(config, log, tallies),
        LinkModule.register(config),
        provisioning,
        ProxyModule.register(provisioning, door),
        HealthModule.register(provisioning),
        StatusModule.register(provisioning),
      ],
    };
  }
}

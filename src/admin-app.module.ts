/**
 * The application of the admin listener: a second one, with a server of its own, so that no route of it can ever be reached on
 * the public listener. It knows the pool by the gate and the control of the first application, and ends after it.
 */
import { Module, type DynamicModule } from '@nestjs/common';
import { CommonModule } from './common/common.module.js';
import type { GatewayConfig } from './common/config/gateway-config.js';
import type { Logger } from './common/logging/logger.js';
import type { Tallies } from './common/metrics/tallies.js';
import { AdminModule } from './modules/admin/admin.module.js';
import { HealthModule } from './modules/health/health.module.js';
import { ObservabilityModule } from './modules/observability/observability.module.js';
import { PoolControl } from './modules/provisioning/provisioning.control.js';
import { ProvisioningGate } from './modules/provisioning/provisioning.gate.js';

/** The pool of the first application; as values, so that there is only one. */
export interface Pool {
  gate: ProvisioningGate;
  control: PoolControl;
}

@Module({})
class PoolModule {
  static register({ gate, control }: Pool): DynamicModule {
    const providers = [
      { provide: ProvisioningGate, useValue: gate },
      { provide: PoolControl, useValue: control },
    ];
    return { module: PoolModule, providers, exports: providers };
  }
}

@Module({})
export class AdminAppModule {
  static register(config: GatewayConfig, log: Logger, tallies: Tallies, ofFirst: Pool): DynamicModule {
    const pool = PoolModule.register(ofFirst);
    return {
      module: AdminAppModule,
      imports: [
        CommonModule.register(config, log, tallies),
        HealthModule.register(pool),
        AdminModule.register(pool),
        ObservabilityModule.register(pool),
      ],
    };
  }
}

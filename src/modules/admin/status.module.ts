/** `GET /status`, which both listeners have. */
import { Module, type DynamicModule } from '@nestjs/common';
import { AccessConfig } from '../../common/config/access-config.js';
import { CloudConfig, LifecycleConfig, ListenerConfig } from '../../common/config/classes.js';
import { ModelConfig } from '../../common/config/model-config.js';
import { accessWarning } from '../access/access-findings.js';
import { ProvisioningGate } from '../provisioning/provisioning.gate.js';
import { StatusController } from './status.controller.js';
import { StatusView } from './status-view.js';

@Module({})
export class StatusModule {
  /** @param provisioning exports the gate */
  static register(provisioning: DynamicModule): DynamicModule {
    return {
      module: StatusModule,
      imports: [provisioning],
      controllers: [StatusController],
      providers: [
        {
          provide: StatusView,
          useFactory: createView,
          inject: [ProvisioningGate, CloudConfig, ModelConfig, LifecycleConfig, ListenerConfig, AccessConfig],
        },
      ],
      exports: [StatusView],
    };
  }
}

function createView(
  gate: ProvisioningGate,
  cloud: CloudConfig,
  model: ModelConfig,
  lifecycle: LifecycleConfig,
  listener: ListenerConfig,
  access: AccessConfig,
): StatusView {
  return new StatusView(gate, { cloud, model, lifecycle, accessWarning: accessWarning(listener, access) });
}

/** Provides MachinePort: Ollama over the configured link. Needs Clock and MachineLink from the application. */
import { type DynamicModule, Module, type OnApplicationShutdown } from '@nestjs/common';
import type { GatewayConfig } from '../../common/config/gateway-config.js';
import { Clock } from '../../common/time/clock.js';
import { MachineLink } from '../link/machine-link.js';
import { MachinePort } from '../provisioning/ports/machine.port.js';
import { OllamaMachineAdapter } from './ollama-machine.adapter.js';

@Module({})
export class MachineModule implements OnApplicationShutdown {
  constructor(private readonly machine: OllamaMachineAdapter) {}

  static register(config: Pick<GatewayConfig, 'link'>): DynamicModule {
    return {
      module: MachineModule,
      providers: [
        {
          provide: OllamaMachineAdapter,
          inject: [MachineLink, Clock],
          useFactory: (link: MachineLink, clock: Clock) => new OllamaMachineAdapter(link, config.link.port, clock),
        },
        { provide: MachinePort, useExisting: OllamaMachineAdapter },
      ],
      exports: [MachinePort],
    };
  }

  async onApplicationShutdown(): Promise<void> {
    await this.machine.close();
  }
}

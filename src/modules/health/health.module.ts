/** Health probes by terminus. */
import { Module, type DynamicModule } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import { HealthController } from './health.controller.js';

@Module({})
export class HealthModule {
  /** @param provisioning exports the gate */
  static register(provisioning: DynamicModule): DynamicModule {
    return {
      module: HealthModule,
      imports: [TerminusModule.forRoot({ logger: false }), provisioning],
      controllers: [HealthController],
    };
  }
}

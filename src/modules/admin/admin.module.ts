/** What operators see of the gateway. In this release: `GET /status`. */
import { Module, type DynamicModule } from '@nestjs/common';
import { StatusController } from './status.controller.js';

@Module({})
export class AdminModule {
  /** @param provisioning exports the gate */
  static register(provisioning: DynamicModule): DynamicModule {
    return { module: AdminModule, imports: [provisioning], controllers: [StatusController] };
  }
}

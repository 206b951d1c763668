/** `GET /status`, which both listeners have. */
import { Module, type DynamicModule } from '@nestjs/common';
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
      providers: [StatusView],
      exports: [StatusView],
    };
  }
}

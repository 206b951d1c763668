/** The admin API. Imported by the admin listener's application only, so that the public one cannot serve it. */
import { Module, ValidationPipe, type DynamicModule } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_PIPE } from '@nestjs/core';
import type { ValidationError } from 'class-validator';
import { GatewayError } from '../proxy/gateway-error.js';
import { ActsController } from './acts.controller.js';
import { AdminErrorFilter } from './admin-error.filter.js';
import { AdminGuard } from './admin.guard.js';
import { EventsController } from './events.controller.js';
import { StateView } from './state-view.js';
import { StatusModule } from './status.module.js';

@Module({})
export class AdminModule {
  /** @param pool exports gate and control */
  static register(pool: DynamicModule): DynamicModule {
    return {
      module: AdminModule,
      imports: [pool, StatusModule.register(pool)],
      controllers: [ActsController, EventsController],
      providers: [
        StateView,
        { provide: APP_GUARD, useClass: AdminGuard },
        { provide: APP_FILTER, useClass: AdminErrorFilter },
        { provide: APP_PIPE, useFactory: createValidation },
      ],
    };
  }
}

function createValidation(): ValidationPipe {
  return new ValidationPipe({ whitelist: true, forbidNonWhitelisted: true, exceptionFactory: badRequest });
}

/** Every fault of the body in one sentence each, once. */
function badRequest(errors: ValidationError[]): GatewayError {
  const sentences = errors.flatMap(({ constraints = {} }) => Object.values(constraints));
  return new GatewayError('bad_request', [...new Set(sentences)].join('; '));
}

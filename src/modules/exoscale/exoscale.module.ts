/** Provides CloudPort by Exoscale. The Clock comes from a global module of the composition root. */
import { type DynamicModule, Module } from '@nestjs/common';
import { HttpModule, HttpService } from '@nestjs/axios';
import { Clock } from '../../common/time/clock.js';
import { CloudPort } from '../provisioning/ports/cloud.port.js';
import { buildExoscaleCloud } from './build-exoscale-cloud.js';
import { type ExoscaleConfig, exoscaleSettings } from './exoscale-settings.js';

@Module({})
export class ExoscaleModule {
  static register(config: ExoscaleConfig): DynamicModule {
    return {
      module: ExoscaleModule,
      imports: [HttpModule],
      providers: [
        {
          provide: CloudPort,
          useFactory: (http: HttpService, clock: Clock) => buildExoscaleCloud(exoscaleSettings(config), http, clock),
          inject: [HttpService, Clock],
        },
      ],
      exports: [CloudPort],
    };
  }
}

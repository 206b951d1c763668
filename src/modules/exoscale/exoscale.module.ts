/** Provides CloudPort by Exoscale. Clock, tallies and MachineLink come from global modules of the composition root. */
import { type DynamicModule, Module } from '@nestjs/common';
import { HttpModule, HttpService } from '@nestjs/axios';
import { Tallies } from '../../common/metrics/tallies.js';
import { Clock } from '../../common/time/clock.js';
import { MachineLink } from '../link/machine-link.js';
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
          useFactory: (http: HttpService, clock: Clock, link: MachineLink, { cloudCalls }: Tallies) =>
            buildExoscaleCloud(exoscaleSettings(config), http, clock, link, { tally: cloudCalls }),
          inject: [HttpService, Clock, MachineLink, Tallies],
        },
      ],
      exports: [CloudPort],
    };
  }
}

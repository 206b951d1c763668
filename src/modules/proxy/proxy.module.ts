/**
 * The data plane. The chain from outermost to innermost:
 * front door (id, log, access rules, fast path) → [Nest: cold-gate interceptor → controller] → forwarder → exchange.
 */
import { Module, type DynamicModule } from '@nestjs/common';
import { APP_FILTER, HttpAdapterHost } from '@nestjs/core';
import { LifecycleConfig } from '../../common/config/classes.js';
import { Logger } from '../../common/logging/logger.js';
import { Tallies } from '../../common/metrics/tallies.js';
import { Clock } from '../../common/time/clock.js';
import { AccessModule } from '../access/access.module.js';
import { AccessRules } from '../access/access-rules.js';
import { ClientAddresses } from '../access/client-address.js';
import { MachineLink } from '../link/machine-link.js';
import { ProvisioningGate } from '../provisioning/provisioning.gate.js';
import { BrokenRequests } from './broken-requests.js';
import { ColdGateInterceptor } from './cold-gate.interceptor.js';
import { Forwarder } from './forwarder.js';
import { FrontDoor } from './front-door.js';
import { GatewayErrorFilter } from './gateway-error.filter.js';
import { GracefulShutdown } from './graceful-shutdown.js';
import { ProxyController } from './proxy.controller.js';
import { RequestLog } from './request-log.js';
import { RequestMeter } from './request-meter.js';
import { StalledUploads } from './stalled-uploads.js';

@Module({})
export class ProxyModule {
  /** @param provisioning exports the gate @param door the front door that the HTTP server was made with */
  static register(provisioning: DynamicModule, door: FrontDoor): DynamicModule {
    return {
      module: ProxyModule,
      imports: [provisioning, AccessModule],
      controllers: [ProxyController],
      providers: [
        ColdGateInterceptor,
        { provide: APP_FILTER, useClass: GatewayErrorFilter },
        {
          provide: RequestMeter,
          useFactory: (tallies: Tallies, clock: Clock) => new RequestMeter(tallies, clock),
          inject: [Tallies, Clock],
        },
        {
          provide: Forwarder,
          useFactory: (gate: ProvisioningGate, link: MachineLink, log: Logger, meter: RequestMeter) =>
            new Forwarder(gate, link, log, meter),
          inject: [ProvisioningGate, MachineLink, Logger, RequestMeter],
        },
        {
          provide: FrontDoor,
          useFactory: (
            access: AccessRules,
            addresses: ClientAddresses,
            gate: ProvisioningGate,
            forwarder: Forwarder,
            meter: RequestMeter,
            log: Logger,
            clock: Clock,
          ) => {
            const requestLog = new RequestLog(log, clock, addresses);
            const broken = new BrokenRequests(log, clock, addresses, meter);
            door.attach({ access, gate, forwarder, requestLog, meter, uploads: new StalledUploads(clock), broken });
            return door;
          },
          inject: [AccessRules, ClientAddresses, ProvisioningGate, Forwarder, RequestMeter, Logger, Clock],
        },
        {
          provide: GracefulShutdown,
          useFactory: (
            gate: ProvisioningGate,
            forwarder: Forwarder,
            host: HttpAdapterHost,
            clock: Clock,
            config: LifecycleConfig,
            log: Logger,
          ) => new GracefulShutdown(gate, forwarder, host, clock, { config, log }),
          inject: [ProvisioningGate, Forwarder, HttpAdapterHost, Clock, LifecycleConfig, Logger],
        },
      ],
    };
  }
}

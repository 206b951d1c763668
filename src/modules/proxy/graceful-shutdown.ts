/**
 * The order of leaving (architecture.md §3, style.md §K): readiness off → requests still taken while load balancers
 * notice → held ones get their answer → open streams finish → connections closed. The machine stays.
 */
import { Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { Server } from 'node:http';
import { LifecycleConfig } from '../../common/config/classes.js';
import { Logger } from '../../common/logging/logger.js';
import { Clock } from '../../common/time/clock.js';
import { ProvisioningGate } from '../provisioning/provisioning.gate.js';
import { Forwarder } from './forwarder.js';

@Injectable()
export class GracefulShutdown implements BeforeApplicationShutdown {
  constructor(
    private readonly gate: ProvisioningGate,
    private readonly forwarder: Forwarder,
    private readonly host: HttpAdapterHost,
    private readonly clock: Clock,
    private readonly settings: { config: LifecycleConfig; log: Logger },
  ) {}

  async beforeApplicationShutdown(): Promise<void> {
    const { config, log } = this.settings;
    const server = this.host.httpAdapter.getHttpServer() as Server;
    this.gate.announceLeaving();
    this.forwarder.closing = true;
    log.info({ delaySec: config.shutdownDelaySec }, 'leaving: readiness is off, requests are still taken');
    await this.clock.sleep(config.shutdownDelaySec * 1000);
    this.gate.closeDoors();
    const { inFlight } = this.gate.snapshot();
    if (inFlight > 0) log.info({ inFlight, drainSec: config.drainSec }, 'leaving: open streams may finish');
    await Promise.race([this.gate.drained(), this.clock.sleep(config.drainSec * 1000)]);
    const cut = this.gate.snapshot().inFlight;
    if (cut > 0) log.warn({ cut }, 'leaving: streams that were still open after GATEWAY_DRAIN_SECONDS are cut');
    // A lease ends with its response, but the last bytes may still be on their way to the socket.
    await new Promise((resolve) => setImmediate(resolve));
    if (cut > 0) server.closeAllConnections();
    else server.closeIdleConnections();
    await this.forwarder.close();
  }
}

/**
 * The gateway as two applications over one pool: the public one, and the admin one, which comes first and goes last, so that
 * probes and metrics see the start and the drain of the other.
 */
import type { DynamicModule } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { FastifyAdapter, NestFastifyApplication } from '@nestjs/platform-fastify';
import { AdminAppModule } from './admin-app.module.js';
import { AppModule } from './app.module.js';
import type { GatewayConfig } from './common/config/gateway-config.js';
import type { Logger } from './common/logging/logger.js';
import { nestLogger } from './common/logging/nest-logger.js';
import { Tallies } from './common/metrics/tallies.js';
import { createAdminHttpAdapter } from './modules/admin/admin-http-adapter.js';
import { PoolControl } from './modules/provisioning/provisioning.control.js';
import { ProvisioningGate } from './modules/provisioning/provisioning.gate.js';
import { FrontDoor } from './modules/proxy/front-door.js';
import { createHttpAdapter } from './modules/proxy/http-adapter.js';

/** An address that cannot be listened on; the message is one line for the operator. */
export class ListenError extends Error {
  override readonly name = 'ListenError';
}

export class Gateway {
  private constructor(
    private readonly config: GatewayConfig,
    private readonly log: Logger,
    private readonly publicApp: NestFastifyApplication,
    private readonly adminApp: NestFastifyApplication,
  ) {}

  static async create(config: GatewayConfig, log: Logger): Promise<Gateway> {
    const options = { bodyParser: false, logger: nestLogger(log), abortOnError: false } as const;
    const create = (module: DynamicModule, adapter: FastifyAdapter) =>
      NestFactory.create<NestFastifyApplication>(module, adapter, options);
    const tallies = new Tallies();
    const door = new FrontDoor();
    const publicApp = await create(AppModule.register(config, log, tallies, door), createHttpAdapter(door));
    const pool = { gate: publicApp.get(ProvisioningGate), control: publicApp.get(PoolControl) };
    const adminModule = AdminAppModule.register(config, log, tallies, pool);
    return new Gateway(config, log, publicApp, await create(adminModule, createAdminHttpAdapter()));
  }

  /** Starts the lifecycle and both listeners. @throws ListenError */
  async listen(): Promise<void> {
    const { admin, listener, pool, cloud } = this.config;
    const adminUrl = await listenOn(this.adminApp, admin, 'GATEWAY_ADMIN_HOST and GATEWAY_ADMIN_PORT');
    this.log.info({ url: adminUrl }, 'admin listening');
    const url = await listenOn(this.publicApp, listener, 'HOST and PORT');
    this.log.info({ url, pool: pool.pool, zone: cloud.zone }, 'listening');
  }

  /** Drains and ends; the machine stays as it is. */
  async close(): Promise<void> {
    await this.publicApp.close();
    await this.adminApp.close();
  }
}

async function listenOn(
  application: NestFastifyApplication,
  { host, port }: { host: string; port: number },
  settings: string,
): Promise<string> {
  try {
    await application.listen(port, host);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // Without a code it is no fault of the address.
    if (code === undefined) throw error;
    throw new ListenError(`${settings}: cannot listen on ${host}:${port} (${code})`, { cause: error });
  }
  return application.getUrl();
}

#!/usr/bin/env node
/** The gateway's process: configuration, application, listener, signals. Everything else is in app.module.ts. */
import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { AppModule } from './app.module.js';
import { loadConfig } from './common/config/load-config.js';
import { createLogger } from './common/logging/logger.js';
import { nestLogger } from './common/logging/nest-logger.js';
import { FrontDoor } from './modules/proxy/front-door.js';
import { createHttpAdapter } from './modules/proxy/http-adapter.js';

const { config, faults, warnings } = loadConfig();
if (faults.length > 0) {
  process.stderr.write(faults.map((fault) => `${fault}\n`).join(''));
  process.exit(1);
}

const log = createLogger(config.log.level);
for (const warning of warnings) log.warn({}, warning);
const door = new FrontDoor();
const app = await NestFactory.create<NestFastifyApplication>(
  AppModule.register(config, log, door),
  createHttpAdapter(door),
  { bodyParser: false, logger: nestLogger(log), abortOnError: false },
);

let leaving = false;
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.on(signal, () => {
    if (leaving) process.exit(1);
    leaving = true;
    log.info({ signal }, 'leaving; a second signal ends at once');
    app.close().then(
      () => process.exit(0),
      (error: unknown) => {
        log.error({ err: error }, 'the gateway could not leave in an orderly way');
        process.exit(1);
      },
    );
  });
}

const { host, port } = config.listener;
try {
  await app.listen(port, host);
  log.info({ url: await app.getUrl(), pool: config.pool.pool, zone: config.cloud.zone }, 'listening');
} catch (error) {
  process.stderr.write(`HOST and PORT: cannot listen on ${host}:${port} (${(error as NodeJS.ErrnoException).code})\n`);
  process.exit(1);
}

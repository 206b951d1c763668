/** Lets Nest's own messages flow into our log: its chatter at debug, its warnings and errors at their level. */
import type { LoggerService } from '@nestjs/common';
import type { Logger } from './logger.js';

export function nestLogger(log: Logger): LoggerService {
  return {
    log: (message: unknown) => log.debug({}, String(message)),
    warn: (message: unknown) => log.warn({}, String(message)),
    error: (message: unknown, stack?: unknown) => log.error({ stack }, String(message)),
  };
}

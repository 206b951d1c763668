/** One line per request when it has ended: what, how it ended, how long it took. Never a body, a query or a header. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from '../../common/logging/logger.js';
import type { Clock } from '../../common/time/clock.js';
import { pathOf } from './routes.js';

export class RequestLog {
  constructor(
    private readonly log: Logger,
    private readonly clock: Clock,
  ) {}

  follow(request: IncomingMessage, response: ServerResponse): void {
    const startedMs = this.clock.monotonicMs();
    response.on('close', () => this.write(request, response, startedMs));
  }

  private write(request: IncomingMessage, response: ServerResponse, startedMs: number): void {
    const path = pathOf(request.url ?? '/');
    // Probes come every few seconds, for ever.
    const level = path.startsWith('/health/') ? 'debug' : 'info';
    this.log[level](
      {
        method: request.method,
        path,
        status: response.headersSent ? response.statusCode : null,
        aborted: !response.writableFinished,
        durationMs: Math.round(this.clock.monotonicMs() - startedMs),
      },
      'request',
    );
  }
}

/** One line per request when it has ended: whose, what, how it ended, how long it took. Never a body, a query or a key. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from '../../common/logging/logger.js';
import type { Clock } from '../../common/time/clock.js';
import type { Caller } from '../access/access-rules.js';
import type { ClientAddresses } from '../access/client-address.js';
import { requestIdOf } from './request-id.js';
import { pathOf } from './routes.js';

/** What is known of a request from its arrival on. */
interface Arrival extends Caller {
  startedMs: number;
  client: string | null;
}

export class RequestLog {
  constructor(
    private readonly log: Logger,
    private readonly clock: Clock,
    private readonly addresses: ClientAddresses,
  ) {}

  /** The line is written when the response closes. Whoever finds out whose key it is adds it to what is returned. */
  follow(request: IncomingMessage, response: ServerResponse): Caller {
    // The address is asked for now: a connection that is gone has none.
    const arrival: Arrival = {
      startedMs: this.clock.monotonicMs(),
      client: this.addresses.of(request),
      key: undefined,
    };
    response.on('close', () => this.write(request, response, arrival));
    return arrival;
  }

  private write(request: IncomingMessage, response: ServerResponse, { startedMs, client, key }: Arrival): void {
    const path = pathOf(request.url ?? '/');
    // Probes come every few seconds, for ever.
    const level = path.startsWith('/health/') ? 'debug' : 'info';
    this.log[level](
      {
        requestId: requestIdOf(request),
        client,
        key,
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

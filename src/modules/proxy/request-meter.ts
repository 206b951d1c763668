/** Counts requests by what they are for: when they came, when their answer began, how they ended. Sees no body and no header. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RequestTally, RouteClass } from '../../common/metrics/request-tally.js';
import type { Clock } from '../../common/time/clock.js';
import { routeClassOf } from './route-class.js';
import { pathOf } from './routes.js';

interface Arrival {
  routeClass: RouteClass;
  atMs: number;
}

export class RequestMeter {
  private readonly arrivals = new WeakMap<IncomingMessage, Arrival>();

  constructor(
    private readonly tally: RequestTally,
    private readonly clock: Pick<Clock, 'monotonicMs'>,
  ) {}

  arrived(request: IncomingMessage): void {
    this.arrivals.set(request, {
      routeClass: routeClassOf(pathOf(request.url ?? '/')),
      atMs: this.clock.monotonicMs(),
    });
  }

  /** The machine's answer to the request begins. */
  answering(request: IncomingMessage): void {
    const arrival = this.arrivals.get(request);
    if (arrival) this.tally.firstByte.observe(arrival.routeClass, (this.clock.monotonicMs() - arrival.atMs) / 1000);
  }

  ended(request: IncomingMessage, { headersSent, statusCode }: ServerResponse): void {
    const arrival = this.arrivals.get(request);
    if (arrival) this.tally.ended(arrival.routeClass, headersSent ? statusCode : null);
  }
}

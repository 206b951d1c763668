/**
 * Counts requests by what they are for and by what became of them, in the words of the metrics. Everything the data plane
 * tells of itself goes through here; sees no body and no header.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RouteClass } from '../../common/metrics/request-tally.js';
import type { ColdOutcome, Tallies, UpstreamError } from '../../common/metrics/tallies.js';
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
    private readonly tallies: Tallies,
    private readonly clock: Pick<Clock, 'monotonicMs'>,
  ) {}

  /** Counts the request when its response closes. */
  follow(request: IncomingMessage, response: ServerResponse): void {
    const routeClass = routeClassOf(pathOf(request.url ?? '/'));
    this.arrivals.set(request, { routeClass, atMs: this.clock.monotonicMs() });
    response.on('close', () => {
      this.tallies.requests.ended(routeClass, response.headersSent ? response.statusCode : null);
    });
  }

  /** What came was no request; it was answered with this status. */
  refused(status: number): void {
    this.tallies.requests.ended('other', status);
  }

  /** The machine's answer to a request begins. */
  answering(request: IncomingMessage): void {
    const arrival = this.arrivals.get(request);
    if (!arrival) return;
    const tookMs = this.clock.monotonicMs() - arrival.atMs;
    this.tallies.requests.firstByte.observe(arrival.routeClass, tookMs / 1000);
  }

  /** The machine failed a request that it had been given. */
  failed(how: UpstreamError): void {
    this.tallies.upstreamErrors.add(how);
  }

  /** What a request got that met a machine which was not ready. */
  cold(outcome: ColdOutcome): void {
    this.tallies.cold.add(outcome);
  }
}

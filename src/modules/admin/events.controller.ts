/** `GET /admin/events`: every transition as it happens, for dashboards and scripts; resumable. */
import { Controller, Get, Headers, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { Logger } from '../../common/logging/logger.js';
import { Clock } from '../../common/time/clock.js';
import { PoolControl } from '../provisioning/provisioning.control.js';
import { ProvisioningGate } from '../provisioning/provisioning.gate.js';
import { GatewayError } from '../proxy/gateway-error.js';
import { EventLogReader, parsePlace, type LogPlace } from './event-log-reader.js';
import { EventStream } from './event-stream.js';
import { StateView } from './state-view.js';

@Controller('admin/events')
export class EventsController {
  constructor(
    private readonly gate: ProvisioningGate,
    private readonly control: PoolControl,
    private readonly view: StateView,
    private readonly clock: Clock,
    private readonly log: Logger,
  ) {}

  /** With `Last-Event-ID` (or `?after=`) from there on; else the present state and what follows it. */
  @Get()
  stream(
    @Res() reply: FastifyReply,
    @Headers('last-event-id') lastEventId?: string,
    @Query('after') after?: string,
  ): void {
    const { storeTrouble } = this.gate.snapshot();
    // Nothing is known of the log yet: every place in it would look like one of another log.
    if (storeTrouble !== null && this.control.version() === 0)
      throw new GatewayError('state_unavailable', storeTrouble);
    const asked = lastEventId ?? after;
    const place = asked === undefined ? null : this.placeOf(asked);
    // Read before the state: a transition in between comes twice rather than never.
    const version = this.control.version();
    reply.hijack();
    const reader = new EventLogReader(this.control, place ?? { version, position: null });
    const stream = new EventStream(reader, reply.raw, { clock: this.clock, log: this.log });
    stream.open(this.gate.state$, place ? null : { version, state: this.view.read() });
  }

  /** Null for a place that this log does not have: its reader begins anew, as after a loss of the state. */
  private placeOf(text: string): LogPlace | null {
    const place = parsePlace(text);
    if (!place) throw new GatewayError('bad_request', 'after must be the id of an event, such as 12.0');
    return place.version > this.control.version() ? null : place;
  }
}

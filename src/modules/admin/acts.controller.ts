/** What operators do by hand. Each act is in the event log with its actor; a refusal is an error of the catalogue. */
import { Body, Controller, Get, Header, HttpCode, Post, Req } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { Logger } from '../../common/logging/logger.js';
import { Clock } from '../../common/time/clock.js';
import { PoolControl, type Verdict } from '../provisioning/provisioning.control.js';
import { GatewayError } from '../proxy/gateway-error.js';
import { DestroyRequest, keepAwakeUntilMs, KeepAwakeRequest } from './act-requests.js';
import { StateView } from './state-view.js';

type State = Record<string, unknown>;

@Controller('admin')
export class ActsController {
  constructor(
    private readonly control: PoolControl,
    private readonly view: StateView,
    private readonly clock: Clock,
    private readonly log: Logger,
  ) {}

  @Get('state')
  @Header('Cache-Control', 'no-store')
  state(): State {
    return this.view.read();
  }

  @Post('wake')
  @HttpCode(202)
  wake(@Req() request: FastifyRequest): Promise<State> {
    return this.act('wake', request, (actor) => this.control.wake(actor));
  }

  @Post('sleep')
  @HttpCode(202)
  sleep(@Req() request: FastifyRequest): Promise<State> {
    return this.act('sleep', request, (actor) => this.control.sleep(actor));
  }

  @Post('keep-awake')
  @HttpCode(202)
  keepAwake(@Req() request: FastifyRequest, @Body() body: KeepAwakeRequest = {}): Promise<State> {
    const untilMs = keepAwakeUntilMs(body, this.clock.nowMs());
    return this.act('keep-awake', request, (actor) => this.control.keepAwake(untilMs, actor));
  }

  @Post('destroy')
  @HttpCode(202)
  destroy(@Req() request: FastifyRequest, @Body() body: DestroyRequest): Promise<State> {
    return this.act('destroy', request, (actor) => this.control.destroy(body.launch_id, actor));
  }

  /** The state after the act. @throws GatewayError with the reason of a refusal */
  private async act(name: string, request: FastifyRequest, act: (actor: string) => Promise<Verdict>): Promise<State> {
    const actor = `admin@${request.ip.replace(/^::ffff:/, '')}`;
    const verdict = await act(actor);
    this.log.info({ actor, ...(verdict.done ? {} : { code: verdict.code }) }, `admin: ${name}`);
    if (!verdict.done) throw new GatewayError(verdict.code, verdict.message);
    return this.view.read();
  }
}

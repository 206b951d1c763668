/**
 * The interceptor that stands before a machine that is not ready: answers what a sleeping Ollama can answer, wakes the
 * machine where the request asks for it, holds or answers 503 while provisioning, and lets the rest through with a
 * traffic lease.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { of, type Observable } from 'rxjs';
import { ModelConfig } from '../../common/config/model-config.js';
import { Clock } from '../../common/time/clock.js';
import { ProvisioningGate } from '../provisioning/provisioning.gate.js';
import { admit } from './admitted.js';
import { writeAnswer, writePreflight, type Answer } from './answers.js';
import { callerOf } from './caller.js';
import { GatewayError } from './gateway-error.js';
import { holdWishMs } from './hold-wish.js';
import { RequestMeter } from './request-meter.js';
import { isWork, pathOf, routeOf, type Route } from './routes.js';
import {
  catalogueAnswer,
  methodNotAllowedAnswer,
  notFoundAnswer,
  showAnswer,
  unloadAnswer,
  versionOf,
  type Configured,
} from './sleeping-ollama.js';
import { isUnload, modelOf, readSmallBody } from './small-body.js';

@Injectable()
export class ColdGateInterceptor implements NestInterceptor {
  private readonly configured: Configured;

  constructor(
    private readonly gate: ProvisioningGate,
    private readonly clock: Clock,
    private readonly meter: RequestMeter,
    model: ModelConfig,
  ) {
    this.configured = { models: model.models, version: versionOf(model.image) };
  }

  /** Emits nothing of value when the request has been answered here; rejects with the GatewayError of the cold answer. */
  async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    const reply = context.switchToHttp().getResponse<FastifyReply>();
    const request = context.switchToHttp().getRequest<FastifyRequest>().raw;
    const through = await this.pass(request, reply);
    return through ? next.handle() : of(undefined);
  }

  /** True when the request may be forwarded; otherwise it has been answered or its client has left. */
  private async pass(request: IncomingMessage, reply: FastifyReply): Promise<boolean> {
    const arrivedMs = this.clock.monotonicMs();
    const method = request.method ?? 'GET';
    const path = pathOf(request.url ?? '/');
    if (method === 'OPTIONS') {
      reply.hijack();
      writePreflight(request, reply.raw);
      return false;
    }
    const route = routeOf(method, path);
    if (route === null) return this.answer(request, reply, notFoundAnswer());
    if ('allow' in route) return this.answer(request, reply, methodNotAllowedAnswer(route.allow));

    const signal = departureOf(reply.raw);
    const { answer, readSoFar } = await this.answerAsleep(route, request);
    if (signal.aborted) return this.nobody(reply);
    if (answer) return this.answer(request, reply, answer);
    const waking = (route.kind === 'work' || route.kind === 'work-or-unload') && isWork(method, path);
    const admission = await this.gate.acquire({
      waking,
      arrivedMs,
      holdMs: holdWishMs(request.headers),
      signal,
      actor: callerOf(request),
    });
    if (admission.kind === 'cold') {
      this.meter.cold(admission.answer.code);
      throw GatewayError.cold(admission.answer);
    }
    if (admission.kind === 'left') return this.nobody(reply);
    if (signal.aborted) {
      admission.lease.release();
      return this.nobody(reply);
    }
    this.meter.cold('served');
    admit(request, { lease: admission.lease, readSoFar });
    return true;
  }

  /** What a sleeping Ollama can say itself; else what has been read of the body on the way. */
  private async answerAsleep(
    route: Route,
    request: IncomingMessage,
  ): Promise<{ answer: Answer | null; readSoFar: Buffer[] }> {
    const catalogue = this.gate.catalogue();
    if (route.kind === 'catalogue' && route.name !== '/api/show') {
      return { answer: catalogueAnswer(route.name, catalogue, this.configured), readSoFar: [] };
    }
    if (route.name !== '/api/show' && route.kind !== 'work-or-unload') return { answer: null, readSoFar: [] };
    const { chunks, json } = await readSmallBody(request, this.clock);
    const model = modelOf(json);
    if (route.name === '/api/show') return { answer: showAnswer(model, catalogue, this.configured), readSoFar: chunks };
    const unload = model !== null && isUnload(json);
    return { answer: unload ? unloadAnswer(route.name, model, this.clock.nowMs()) : null, readSoFar: chunks };
  }

  /** The client has left: nobody reads an answer. */
  private nobody(reply: FastifyReply): false {
    this.meter.cold('left');
    reply.hijack();
    return false;
  }

  private answer(request: IncomingMessage, reply: FastifyReply, answer: Answer): false {
    this.meter.cold('answered_asleep');
    reply.hijack();
    writeAnswer(request, reply.raw, answer);
    return false;
  }
}

/** Aborts when the client leaves before it has an answer; aborted already when it has left. */
function departureOf(response: ServerResponse): AbortSignal {
  const departure = new AbortController();
  // Not when it has its answer: an abort makes an exception with a stack, and a storm of cold requests one for each.
  const onClose = () => {
    if (!response.writableFinished) departure.abort();
  };
  if (response.destroyed) departure.abort();
  else response.once('close', onClose);
  return departure.signal;
}

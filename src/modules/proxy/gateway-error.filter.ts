/** The one place where what was thrown becomes an answer. */
import { Catch, HttpException, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Logger } from '../../common/logging/logger.js';
import { writeAnswer, writeError } from './answers.js';
import { GatewayError } from './gateway-error.js';
import { pathOf } from './routes.js';
import { notFoundAnswer } from './sleeping-ollama.js';

@Catch()
export class GatewayErrorFilter implements ExceptionFilter {
  constructor(private readonly log: Logger) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    const request = host.switchToHttp().getRequest<FastifyRequest>();
    if (error instanceof HttpException && error.getStatus() === 404) {
      reply.hijack();
      return writeAnswer(request.raw, reply.raw, notFoundAnswer());
    }
    if (isHealthResult(error)) {
      void reply.status(error.getStatus()).send(error.getResponse());
      return;
    }
    reply.hijack();
    writeError(request.raw, reply.raw, this.explain(error, request));
  }

  private explain(error: unknown, request: FastifyRequest): GatewayError {
    if (error instanceof GatewayError) return error;
    if (isRefusedByFastify(error)) return new GatewayError('bad_request', undefined, null, error);
    this.log.error(
      { err: error, method: request.method, path: pathOf(request.raw.url ?? '/') },
      'a request failed in a way it never should',
    );
    return new GatewayError('internal', undefined, null, error);
  }
}

/** Terminus reports an unhealthy check as a 503 exception with the whole result. */
function isHealthResult(error: unknown): error is HttpException {
  return error instanceof HttpException && error.getStatus() === 503;
}

/** Errors of Fastify about the request itself (`FST_ERR_BAD_URL`, …) carry a 4xx status. */
function isRefusedByFastify(error: unknown): boolean {
  const status = (error as { statusCode?: unknown } | null)?.statusCode;
  return typeof status === 'number' && status >= 400 && status < 500;
}

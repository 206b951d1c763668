/** The one place where what was thrown on the admin listener becomes an answer: the gateway's usual JSON error. */
import { Catch, HttpException, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Logger } from '../../common/logging/logger.js';
import { GatewayError } from '../proxy/gateway-error.js';

@Catch()
export class AdminErrorFilter implements ExceptionFilter {
  constructor(private readonly log: Logger) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    const { method, url } = host.switchToHttp().getRequest<FastifyRequest>();
    // Terminus reports an unhealthy check as a 503 with the whole result.
    if (error instanceof HttpException && error.getStatus() === 503) {
      void reply.status(503).send(error.getResponse());
      return;
    }
    const answer = this.explain(error, method);
    if (answer.statusCode === 401) void reply.header('www-authenticate', 'Bearer');
    void reply.status(answer.statusCode).headers(answer.headers()).send(answer.body(url));
  }

  private explain(error: unknown, method: string): GatewayError {
    if (error instanceof GatewayError) return error;
    const status = error instanceof HttpException ? error.getStatus() : 500;
    if (status === 404) return new GatewayError('not_found');
    // What Fastify says about the request itself: too large, no media type, …
    if (status < 500) return new GatewayError('bad_request', (error as HttpException).message, null, error);
    this.log.error({ err: error, method }, 'a request of the admin listener failed in a way it never should');
    return new GatewayError('internal', undefined, null, error);
  }
}

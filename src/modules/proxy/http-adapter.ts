/** The Fastify adapter with the front door before it; bodies are never parsed, they are handed on as streams. */
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { RequestListener } from 'node:http';
import type { FrontDoor } from './front-door.js';

export function createHttpAdapter(door: FrontDoor): FastifyAdapter {
  const adapter = new FastifyAdapter({
    clientErrorHandler: (fault, socket) => door.refuse(fault, socket),
    serverFactory: (framework: RequestListener) => door.createServer(framework),
    // Streams are drained by GracefulShutdown; whatever is left then is cut.
    forceCloseConnections: true,
    exposeHeadRoutes: false,
  });
  const fastify = adapter.getInstance();
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
  return adapter;
}

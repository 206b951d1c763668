/** The Fastify adapter of the admin listener: small JSON bodies, whatever media type their sender has named. */
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { GatewayError } from '../proxy/gateway-error.js';

/** The largest body of the admin API is a sentence long. */
const BODY_MAX_BYTES = 4096;
/** For a request to arrive; answers (event streams) may take as long as they take. */
const REQUEST_TIMEOUT_MS = 10_000;

export function createAdminHttpAdapter(): FastifyAdapter {
  const adapter = new FastifyAdapter({
    bodyLimit: BODY_MAX_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    // An event stream that is still open must not hold up the end.
    forceCloseConnections: true,
    exposeHeadRoutes: false,
  });
  const fastify = adapter.getInstance();
  const parse = fastify.getDefaultJsonParser('error', 'error');
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('*', { parseAs: 'string' }, (request, body: string, done) => {
    if (body === '') return done(null);
    void parse(request, body, (error, value: unknown) =>
      error || !isObject(value)
        ? done(new GatewayError('bad_request', 'The body must be a JSON object.'))
        : done(null, value),
    );
  });
  return adapter;
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Writes the gateway's own answers on a raw response, with Ollama's CORS rules on each of them. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { corsHeaders } from './cors.js';
import type { GatewayError } from './gateway-error.js';
import { pathOf } from './routes.js';

export interface Answer {
  status: number;
  headers: Record<string, string>;
  body: string;
}

export const JSON_TYPE = 'application/json; charset=utf-8';
export const TEXT_TYPE = 'text/plain; charset=utf-8';

/** Whoever has sent so much since the answer was written has had the time to read it. */
const DISCARDED_MAX_BYTES = 64 * 1024 * 1024;

/** Writes a whole answer; HEAD gets the head only, and an answer that has begun already is left alone. */
export function writeAnswer(request: IncomingMessage, response: ServerResponse, answer: Answer): void {
  if (response.headersSent || response.destroyed) return;
  const body = Buffer.from(answer.body);
  response.writeHead(answer.status, {
    ...answer.headers,
    ...corsHeaders(request.headers.origin),
    'content-length': String(body.length),
  });
  const content = request.method === 'HEAD' ? undefined : body;
  if (request.complete || request.headers.expect) response.end(content);
  else endWhenHeard(request, response, content);
}

/**
 * A client that is still sending gets the whole answer at once, but the end of the response waits for the end of its
 * body: a connection that is closed under a sender is reset, and the reset destroys the answer before it has been read.
 */
function endWhenHeard(request: IncomingMessage, response: ServerResponse, content: Buffer | undefined): void {
  response.flushHeaders();
  if (content) response.write(content);
  const end = (): void => void response.end();
  let bytes = 0;
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > DISCARDED_MAX_BYTES) end();
  });
  request.once('end', end).once('close', end).resume();
}

/** Writes an error in the dialect of the request's path. */
export function writeError(request: IncomingMessage, response: ServerResponse, error: GatewayError): void {
  const body = error.body(pathOf(request.url ?? '/'));
  writeAnswer(request, response, { status: error.statusCode, headers: error.headers(), body });
}

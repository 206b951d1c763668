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

/** Writes a whole answer; HEAD gets the head only, and an answer that has begun already is left alone. */
export function writeAnswer(request: IncomingMessage, response: ServerResponse, answer: Answer): void {
  if (response.headersSent || response.destroyed) return;
  const body = Buffer.from(answer.body);
  response.writeHead(answer.status, {
    ...answer.headers,
    ...corsHeaders(request.headers.origin),
    'content-length': String(body.length),
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}

/** Writes an error in the dialect of the request's path. */
export function writeError(request: IncomingMessage, response: ServerResponse, error: GatewayError): void {
  const body = error.body(pathOf(request.url ?? '/'));
  writeAnswer(request, response, { status: error.statusCode, headers: error.headers(), body });
}

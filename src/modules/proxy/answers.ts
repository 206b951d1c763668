/** Writes the gateway's own answers on a raw response, with Ollama's CORS rules and the request's id on each of them. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { corsHeaders, preflightHeaders } from './cors.js';
import type { GatewayError } from './gateway-error.js';
import { requestIdOf } from './request-id.js';
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
  const content = writeHead(request, response, answer);
  if (request.complete || request.headers.expect) response.end(content);
  else endWhenHeard(request, response, content);
}

/** @returns the body to send, if any */
function writeHead(request: IncomingMessage, response: ServerResponse, answer: Answer): Buffer | undefined {
  const body = Buffer.from(answer.body);
  response.writeHead(answer.status, {
    ...answer.headers,
    ...corsHeaders(request.headers.origin),
    'x-request-id': requestIdOf(request),
    'content-length': String(body.length),
  });
  return request.method === 'HEAD' ? undefined : body;
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
    if (bytes > DISCARDED_MAX_BYTES) response.end(() => request.destroy());
  });
  request.once('end', end).once('close', end).resume();
}

/** Writes an error in the dialect of the request's path. */
export function writeError(request: IncomingMessage, response: ServerResponse, error: GatewayError): void {
  writeAnswer(request, response, errorAnswer(request, error));
}

/**
 * Writes the last answer on a connection whose request will never be complete, and closes it. Where an answer has begun
 * there is nothing left to say: the connection is cut.
 */
export function writeLastError(request: IncomingMessage, response: ServerResponse, error: GatewayError): void {
  if (response.headersSent || response.destroyed) return void response.destroy();
  const { headers, ...answer } = errorAnswer(request, error);
  const content = writeHead(request, response, { ...answer, headers: { ...headers, connection: 'close' } });
  // Whoever forwards the body would wait for the rest of it: Node lets go of a request whose answer is over.
  response.end(content, () => request.destroy());
}

/** Answers OPTIONS as Ollama does: 204, with what a page of an allowed origin may send. */
export function writePreflight(request: IncomingMessage, response: ServerResponse): void {
  writeAnswer(request, response, { status: 204, headers: preflightHeaders(request.headers.origin), body: '' });
}

function errorAnswer(request: IncomingMessage, error: GatewayError): Answer {
  return { status: error.statusCode, headers: error.headers(), body: error.body(pathOf(request.url ?? '/')) };
}

/**
 * The id of a request (`X-Request-Id`): the client's own where it is usable, else made here. The request carries it as if
 * it had come with it, so that whoever forwards, answers or logs it finds it in its headers.
 */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

const HEADER = 'x-request-id';
const USABLE = /^[A-Za-z0-9._-]{1,128}$/;

/** Sees to it that the request has exactly one usable id. */
export function identify(request: Pick<IncomingMessage, 'headers' | 'rawHeaders'>): void {
  const given = request.headers[HEADER];
  // Several of them come joined by a comma, which is not usable.
  if (typeof given === 'string' && USABLE.test(given)) return;
  if (given !== undefined) request.rawHeaders = withoutId(request.rawHeaders);
  const id = randomUUID();
  request.headers[HEADER] = id;
  request.rawHeaders.push('X-Request-Id', id);
}

/** The id of a request that has been identified. */
export function requestIdOf({ headers }: Pick<IncomingMessage, 'headers'>): string {
  return String(headers[HEADER]);
}

function withoutId(raw: readonly string[]): string[] {
  return raw.filter((_, index) => raw[index - (index % 2)]?.toLowerCase() !== HEADER);
}

/**
 * Header handling on raw arrays, in one pass and without a map per request. Hop-by-hop headers belong to one connection
 * and are never passed on (RFC 9110 §7.6.1); everything else keeps its spelling and order.
 */
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** Between the client and the gateway: Ollama knows no credentials, and nobody on the machine is to see them. */
const CREDENTIALS = ['authorization', 'cookie', 'x-api-key'];

/** The machine's host is another one, and an expectation is met here. */
const NOT_FORWARDED = new Set([...HOP_BY_HOP, ...CREDENTIALS, 'host', 'expect']);

/** Between the gateway and the machine; a client that sends one of these takes itself for the gateway. */
const LINK_PREFIX = 'x-gw-';

/** Of the machine's front: Ollama names no server (ollama-api.md §1). The id is the gateway's own. */
const NOT_RETURNED = new Set([...HOP_BY_HOP, 'server', 'x-request-id']);

export interface OutboundHeaders {
  /** Flat name, value, name, value … as undici takes them. */
  headers: string[];
  hasBody: boolean;
  expectsContinue: boolean;
}

/** What is sent to the machine: everything but what belongs to the connection, to the client alone, or to the gateway. */
export function outboundHeaders(raw: readonly string[]): OutboundHeaders {
  const headers: string[] = [];
  let hasBody = false;
  let expectsContinue = false;
  let named: Set<string> | null = null;
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] as string;
    const value = raw[i + 1] as string;
    const lower = name.toLowerCase();
    if (lower === 'connection') named = namedBy(value, named);
    if (lower === 'transfer-encoding') hasBody = true;
    if (lower === 'content-length' && value !== '0') hasBody = true;
    if (lower === 'expect') expectsContinue = true;
    if (!NOT_FORWARDED.has(lower) && !lower.startsWith(LINK_PREFIX)) headers.push(name, value);
  }
  return { headers: named ? without(headers, named) : headers, hasBody, expectsContinue };
}

/**
 * What is sent to the client, with the id of its request. Streams get `X-Accel-Buffering: no`, without which nginx holds
 * back chunks (ollama-api.md §3.2).
 */
export function inboundHeaders(raw: readonly Buffer[], requestId: string): string[] {
  let headers: string[] = [];
  let named: Set<string> | null = null;
  let streams = false;
  for (let i = 0; i < raw.length; i += 2) {
    const name = (raw[i] as Buffer).toString('latin1');
    const value = (raw[i + 1] as Buffer).toString('latin1');
    const lower = name.toLowerCase();
    if (lower === 'connection') named = namedBy(value, named);
    if (lower === 'content-type') streams = isStream(value);
    if (!NOT_RETURNED.has(lower)) headers.push(name, value);
  }
  if (named) headers = without(headers, named);
  if (streams) headers.push('X-Accel-Buffering', 'no');
  headers.push('X-Request-Id', requestId);
  return headers;
}

function isStream(contentType: string): boolean {
  return contentType.startsWith('application/x-ndjson') || contentType.startsWith('text/event-stream');
}

/** The headers that a Connection header names belong to that connection too. */
function namedBy(value: string, named: Set<string> | null): Set<string> | null {
  for (const part of value.split(',')) {
    const name = part.trim().toLowerCase();
    if (name !== '' && name !== 'keep-alive' && name !== 'close') (named ??= new Set()).add(name);
  }
  return named;
}

function without(headers: string[], named: Set<string>): string[] {
  const kept: string[] = [];
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] as string;
    if (!named.has(name.toLowerCase())) kept.push(name, headers[i + 1] as string);
  }
  return kept;
}

/**
 * One request passed on to another HTTP server and its answer back, piece by piece in both directions: nothing is
 * collected, a slow reader slows its writer down, and who leaves on one side is seen to leave on the other.
 */
import { type IncomingMessage, request as httpRequest, type ServerResponse } from 'node:http';

/** Of one connection only (RFC 9110 §7.6.1); how a request body is framed stays as it came. */
const HOP_BY_HOP: ReadonlySet<string> = new Set(['connection', 'keep-alive', 'proxy-connection', 'te', 'upgrade']);

export interface Passage {
  /** Base URL of the other server. */
  to: URL;
  /** In place of the client's. */
  host: string;
  /** Header names in lower case that end here. */
  dropped: ReadonlySet<string>;
  /** The other server cannot be reached, and nothing has been answered yet. */
  unreachable: (response: ServerResponse) => void;
}

export function passOn(request: IncomingMessage, response: ServerResponse, passage: Passage): void {
  const outgoing = httpRequest({
    host: passage.to.hostname,
    port: passage.to.port || 80,
    method: request.method,
    path: request.url,
    headers: [
      ...kept(request.rawHeaders, (name) => name === 'host' || passage.dropped.has(name)),
      'Host',
      passage.host,
    ],
    // A connection of its own for each request, as nginx without an upstream keep-alive does.
    agent: false,
  });
  outgoing.on('response', (incoming) => passBack(incoming, response));
  outgoing.on('error', () => {
    if (response.headersSent) response.destroy();
    else if (!response.destroyed) passage.unreachable(response);
  });
  response.on('close', () => outgoing.destroy());
  request.pipe(outgoing);
}

function passBack(incoming: IncomingMessage, response: ServerResponse): void {
  response.writeHead(
    incoming.statusCode ?? 502,
    kept(incoming.rawHeaders, (name) => name === 'transfer-encoding'),
  );
  // The head of an answer may come long before its first word.
  response.flushHeaders();
  incoming.pipe(response);
  // An answer that breaks off must not look like one that is complete.
  incoming.on('close', () => incoming.complete || response.destroy());
}

function kept(raw: readonly string[], dropped: (name: string) => boolean): string[] {
  const headers: string[] = [];
  for (let at = 0; at < raw.length; at += 2) {
    const name = (raw[at] as string).toLowerCase();
    if (!HOP_BY_HOP.has(name) && !dropped(name)) headers.push(raw[at] as string, raw[at + 1] as string);
  }
  return headers;
}

/**
 * What stands between the link and Ollama on a machine: the simulated counterpart of the machine's nginx.conf, which
 * says the same in its own words. Certificates, the drain latch, the count of requests in progress, the record of use.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { TLSSocket } from 'node:tls';
import { closeNow, listen } from '../http-server.js';
import { createLinkServer } from './link-server.js';
import type { LinkKeys } from './link-settings.js';
import { LinkWords } from './link-words.js';
import { passOn } from './reverse-proxy.js';

export interface LinkFrontOptions {
  host: string;
  port: number;
  /** Null for a plain link. */
  keys: LinkKeys | null;
  /** Base URL of the Ollama behind it, and the Host it expects. */
  ollama: { url: string; host: string };
  /** Requests in progress that came by another way than through this front; asked whenever they are counted. */
  foreignRequests?: () => number;
}

/** A word of the gateway's is a number. */
const MAX_WORD_BYTES = 64;
const USING: ReadonlySet<string | undefined> = new Set(['POST', 'PUT', 'DELETE']);
/** The gateway's own requests carry it; Ollama never sees it. */
const OWN = 'x-gw-own';
const DROPPED = new Set([OWN]);

export class LinkFront {
  /** Listens and resolves; rejects with Node's error when the address cannot be bound. */
  static async start(options: LinkFrontOptions): Promise<LinkFront> {
    const front = new LinkFront(options);
    await listen(front.server, options.host, options.port);
    return front;
  }

  readonly words = new LinkWords();
  /** Requests that counted as use of the machine: users' own, and passed on. */
  uses = 0;
  private readonly server: Server;
  private connections = 0;
  private accepted = 0;
  private requests = 0;
  private inProgress = 0;

  private constructor(private readonly options: LinkFrontOptions) {
    this.server = createLinkServer(options.keys, (request, response) => this.answer(request, response));
    this.server.on('connection', (socket) => {
      this.accepted += 1;
      this.connections += 1;
      socket.once('close', () => (this.connections -= 1));
    });
  }

  /** Cuts every connection. */
  close(): Promise<void> {
    return closeNow(this.server);
  }

  private answer(request: IncomingMessage, response: ServerResponse): void {
    this.requests += 1;
    this.inProgress += 1;
    response.once('close', () => (this.inProgress -= 1));
    const refusal = this.options.keys && refusalOf(request, request.socket as TLSSocket);
    if (refusal) return end(response, refusal, '', { Connection: 'close' });
    const path = (request.url ?? '/').split('?', 1)[0] as string;
    if (path.startsWith('/__link')) return this.control(request, response, path);
    if (this.words.latched) return end(response, 503, '', { 'X-GW-Draining': '1' });
    if (countsAsUse(request, path)) this.uses += 1;
    const { url, host } = this.options.ollama;
    passOn(request, response, {
      to: new URL(url),
      host,
      dropped: DROPPED,
      unreachable: () => end(response, 502, '', { 'X-GW-Unreachable': '1' }),
    });
  }

  private control(request: IncomingMessage, response: ServerResponse, path: string): void {
    if (path === '/__link/status') return end(response, 200, this.stubStatus());
    const name = path.slice('/__link/'.length);
    if (request.method === 'DELETE') return end(response, this.words.delete(name), '');
    if (request.method !== 'PUT') return end(response, 404, '');
    if (Number(request.headers['content-length'] ?? 0) > MAX_WORD_BYTES) return end(response, 413, '');
    let word = '';
    request.setEncoding('utf8').on('data', (text: string) => (word += text));
    request.on('end', () => end(response, this.words.put(name, word), ''));
  }

  /** Word for word what nginx's module of this name writes; this request is one of those in progress. */
  private stubStatus(): string {
    const foreign = this.options.foreignRequests?.() ?? 0;
    const writing = this.inProgress + foreign;
    const active = Math.max(this.connections + foreign, writing);
    return [
      `Active connections: ${active} \n`,
      'server accepts handled requests\n',
      ` ${this.accepted} ${this.accepted} ${this.requests} \n`,
      `Reading: 0 Writing: ${writing} Waiting: ${active - writing} \n`,
    ].join('');
  }
}

/** What nginx says to a caller without an accepted certificate, and to one who asks for another name than in the handshake. */
function refusalOf(request: IncomingMessage, socket: TLSSocket): number | null {
  // Of our authority and made for clients: Node has checked both in the handshake.
  if (!socket.authorized) return 400;
  const host = request.headers.host?.replace(/:\d+$/, '').toLowerCase();
  return host === socket.servername ? null : 421;
}

function countsAsUse(request: IncomingMessage, path: string): boolean {
  return USING.has(request.method) && path !== '/api/show' && request.headers[OWN] === undefined;
}

function end(response: ServerResponse, status: number, text: string, headers: Record<string, string> = {}): void {
  // A 204 has no length, not even zero.
  const length = status === 204 ? {} : { 'Content-Type': 'text/plain', 'Content-Length': Buffer.byteLength(text) };
  response.writeHead(status, { ...length, ...headers }).end(text);
}

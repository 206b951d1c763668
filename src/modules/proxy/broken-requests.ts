/**
 * What arrives at the listener and is no request, or stops being one in the middle: answered in the gateway's own words
 * (Node and Fastify have theirs), and the connection closed. No answer that is under way is ever written into.
 */
import { randomUUID } from 'node:crypto';
import { STATUS_CODES, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Logger } from '../../common/logging/logger.js';
import type { Clock } from '../../common/time/clock.js';
import type { ClientAddresses } from '../access/client-address.js';
import { writeLastError } from './answers.js';
import { GatewayError } from './gateway-error.js';
import type { RequestMeter } from './request-meter.js';

/** A connection that is closed under a sender is reset, and the reset destroys the answer: it gets this long to read. */
const LINGER_MS = 2000;

export class BrokenRequests {
  private readonly refused = new WeakSet<Socket>();

  constructor(
    private readonly log: Logger,
    private readonly clock: Clock,
    private readonly addresses: ClientAddresses,
    private readonly meter: RequestMeter,
  ) {}

  /** Takes what the HTTP server reports as `clientError`. */
  onClientError(fault: Error, socket: Socket): void {
    const error = explain(fault);
    // The connection itself is gone.
    if (!error) return void socket.destroy();
    this.refuse(error, socket);
  }

  /** Refuses whatever comes next on the connection. */
  refuse(error: GatewayError, socket: Socket): void {
    // Node reports the same fault with every byte that follows.
    if (this.refused.has(socket)) return;
    this.refused.add(socket);
    const open = openAnswer(socket);
    if (!open) this.answer(error, socket);
    else if (!open.req.complete) writeLastError(open.req, open, error);
    else {
      // The request that is being answered is a good one: the connection ends with its answer.
      open.shouldKeepAlive = false;
      open.once('finish', () => socket.destroySoon());
    }
  }

  private answer(error: GatewayError, socket: Socket): void {
    const requestId = randomUUID();
    const client = this.addresses.of({ socket, headers: {} });
    this.log.info({ requestId, client, status: error.statusCode, code: error.code }, 'a connection without a request');
    this.meter.refused(error.statusCode);
    if (!socket.writable) return void socket.destroy();
    const date = new Date(this.clock.nowMs()).toUTCString();
    socket.end(rawAnswer(error, { date, 'x-request-id': requestId }));
    socket.resume();
    const linger = this.clock.after(LINGER_MS, () => socket.destroy());
    socket.once('close', () => linger.cancel());
  }
}

/** The answer to an error of Node's parser or timer, or null for one of the connection. */
function explain(fault: Error): GatewayError | null {
  const { code = '', reason } = fault as NodeJS.ErrnoException & { reason?: string };
  if (code === 'HPE_HEADER_OVERFLOW') return new GatewayError('headers_too_large', undefined, null, fault);
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return new GatewayError('request_timeout', undefined, null, fault);
  // Who closes its half before its request is complete has left, as for Go's server.
  if (!code.startsWith('HPE_') || code === 'HPE_INVALID_EOF_STATE') return null;
  // A sentence of llhttp's; never anything of what was sent.
  return GatewayError.badRequest(reason ?? code, fault);
}

/** Node's own handler looks there, too: nothing public tells whether an answer is under way on a connection. */
function openAnswer(socket: Socket): ServerResponse | null {
  return (socket as Socket & { _httpMessage?: ServerResponse | null })._httpMessage ?? null;
}

function rawAnswer(error: GatewayError, extra: Record<string, string>): string {
  const body = error.body('/');
  const length = String(Buffer.byteLength(body));
  const headers = { ...error.headers(), ...extra, 'content-length': length, connection: 'close' };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${error.statusCode} ${STATUS_CODES[error.statusCode]}\r\n${lines.join('')}\r\n${body}`;
}

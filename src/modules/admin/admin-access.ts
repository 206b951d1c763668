/**
 * Who may use `/admin/*`: whoever has the token, or without one whoever sits at this computer. Pure: it sees the settings and
 * the headers of a request, and says yes or why not.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { AdminConfig } from '../../common/config/access-config.js';
import { isLoopback } from '../../common/net/loopback.js';
import { GatewayError } from '../proxy/gateway-error.js';

export class AdminAccess {
  private readonly tokenHash: Buffer | null;
  private readonly onLoopback: boolean;

  constructor({ host, token }: Pick<AdminConfig, 'host' | 'token'>) {
    this.tokenHash = token === null ? null : hashOf(token);
    this.onLoopback = isLoopback(host);
  }

  /** Null when the request is allowed, else its answer. */
  refusal(headers: IncomingHttpHeaders): GatewayError | null {
    if (this.tokenHash) return this.hasToken(headers, this.tokenHash) ? null : NO_TOKEN;
    if (!this.onLoopback) return NOT_SERVED;
    if (!isLoopback(hostnameOf(headers.host))) return FOREIGN_HOST;
    return isOfSameSite(headers) ? null : FOREIGN_ORIGIN;
  }

  /** Hashes have one length, and comparing them takes one time: nothing of the token can be measured. */
  private hasToken({ authorization = '' }: IncomingHttpHeaders, expected: Buffer): boolean {
    const [, token = ''] = /^Bearer +(\S+) *$/i.exec(authorization) ?? [];
    return timingSafeEqual(hashOf(token), expected);
  }
}

const NO_TOKEN = new GatewayError(
  'unauthorized',
  'The admin API needs its token: send `Authorization: Bearer <GATEWAY_ADMIN_TOKEN>`.',
);
const NOT_SERVED = new GatewayError(
  'not_found',
  'The admin API is served beyond loopback only when GATEWAY_ADMIN_TOKEN is set.',
);
/** A web page whose name points at 127.0.0.1 (DNS rebinding) speaks to us with its own name in Host. */
const FOREIGN_HOST = new GatewayError(
  'not_found',
  'Without GATEWAY_ADMIN_TOKEN the admin API answers to the names of loopback only, such as localhost.',
);
/** A web page of another site can send a POST without asking, but not without saying where it comes from. */
const FOREIGN_ORIGIN = new GatewayError(
  'not_found',
  'Without GATEWAY_ADMIN_TOKEN the admin API takes nothing from pages of another origin.',
);

function hashOf(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

/** The name in a Host header, without its port. */
function hostnameOf(host = ''): string {
  return host.replace(/:\d*$/, '');
}

function isOfSameSite({ origin, host }: IncomingHttpHeaders): boolean {
  return origin === undefined || [`http://${host}`, `https://${host}`].includes(origin);
}

/**
 * EXO2-HMAC-SHA256, the signature of the Exoscale API (exoscale-api.md §1.2). Pure: knows the bytes of one request and
 * nothing of how it is sent.
 */
import { createHmac } from 'node:crypto';

export interface ApiCredentials {
  key: string;
  secret: string;
}

/** One request as it goes over the wire. */
export interface SignableRequest {
  /** Upper case. */
  method: string;
  /** Percent-encoded path including `/v2`, without the query. */
  path: string;
  /** Decoded values; each name occurs once. */
  query: Readonly<Record<string, string>>;
  /** The exact text that is sent as the body; empty for none. */
  body: string;
  /** Unix seconds after which the API refuses the request. */
  expiresSec: number;
}

/** The five segments that are signed; the fourth (signed headers) is always empty. */
export function signedMessage(request: SignableRequest): string {
  const values = signedNames(request).map((name) => request.query[name]);
  return [`${request.method} ${request.path}`, request.body, values.join(''), '', request.expiresSec].join('\n');
}

/** The value of the `Authorization` header. */
export function authorizationOf(request: SignableRequest, { key, secret }: ApiCredentials): string {
  const signature = createHmac('sha256', secret).update(signedMessage(request), 'utf8').digest('base64');
  const names = signedNames(request);
  const parts = [
    `credential=${key}`,
    ...(names.length > 0 ? [`signed-query-args=${names.join(';')}`] : []),
    `expires=${request.expiresSec}`,
    `signature=${signature}`,
  ];
  return `EXO2-HMAC-SHA256 ${parts.join(',')}`;
}

function signedNames(request: SignableRequest): string[] {
  return Object.keys(request.query).sort();
}

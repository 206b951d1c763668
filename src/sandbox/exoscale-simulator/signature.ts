/**
 * Verifies EXO2-HMAC-SHA256 (exoscale-api.md §1.2). Written from the description of the wire format and sharing no line
 * with the gateway's signer: a mistake made on one side must not be made again on the other.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';

export interface ReceivedCall {
  method: string;
  /** Request target before `?`, exactly as received. */
  path: string;
  /** Request target after `?`, exactly as received; empty for none. */
  query: string;
  body: Buffer;
  authorization: string | undefined;
}

export type Verdict = 'valid' | 'unsigned' | 'expired' | 'invalid';

const HEADER =
  /^EXO2-HMAC-SHA256 credential=([^,]+)(?:,signed-query-args=([^,]+))?,expires=(\d+),signature=([A-Za-z0-9+/]+={0,2})$/;

/** Never throws: whatever cannot be read is `invalid`. */
export function verifySignature(
  call: ReceivedCall,
  credentials: { apiKey: string; apiSecret: string },
  nowMs: number,
): Verdict {
  if (call.authorization === undefined) return 'unsigned';
  const [, key, names, expires, signature] = HEADER.exec(call.authorization) ?? [];
  const args = signedArguments(call.query);
  if (key !== credentials.apiKey || args === null || (names ?? '') !== args.names) return 'invalid';

  const hmac = createHmac('sha256', credentials.apiSecret);
  hmac.update(`${call.method} ${call.path}\n`);
  hmac.update(call.body);
  hmac.update(`\n${args.values}\n\n${expires}`);
  const expected = hmac.digest();
  const received = Buffer.from(signature ?? '', 'base64');
  if (received.length !== expected.length || !timingSafeEqual(received, expected)) return 'invalid';
  return Number(expires) * 1000 < nowMs ? 'expired' : 'valid';
}

/** Every parameter that occurs exactly once is signed; null when the query is not decodable. */
function signedArguments(query: string): { names: string; values: string } | null {
  const found = new Map<string, string[]>();
  for (const pair of query.split('&').filter(Boolean)) {
    const cut = pair.indexOf('=');
    const name = decode(cut < 0 ? pair : pair.slice(0, cut));
    const value = decode(cut < 0 ? '' : pair.slice(cut + 1));
    if (name === null || value === null) return null;
    found.set(name, [...(found.get(name) ?? []), value]);
  }
  const once = [...found].filter(([, values]) => values.length === 1).sort(([a], [b]) => (a < b ? -1 : 1));
  return { names: once.map(([name]) => name).join(';'), values: once.map(([, [value]]) => value).join('') };
}

function decode(text: string): string | null {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return null;
  }
}

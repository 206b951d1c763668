/** The hold a client asks for: `Prefer: wait=N` (RFC 7240 §4.3) or `X-Scale-Up-Timeout: N`, both in seconds. */
import type { IncomingHttpHeaders } from 'node:http';

/** The wish in ms, or null; the longer one when both are given. Malformed values are no wish. */
export function holdWishMs(headers: IncomingHttpHeaders): number | null {
  const prefer = /(?:^|[,;\s])wait\s*=\s*"?(\d{1,6})"?\s*(?:$|[,;])/i.exec(text(headers.prefer));
  const scaleUp = /^\s*(\d{1,6})s?\s*$/.exec(text(headers['x-scale-up-timeout']));
  const seconds = [prefer?.[1], scaleUp?.[1]].filter((one) => one !== undefined).map(Number);
  return seconds.length === 0 ? null : Math.max(...seconds) * 1000;
}

function text(value: string | string[] | undefined): string {
  return Array.isArray(value) ? value.join(',') : (value ?? '');
}

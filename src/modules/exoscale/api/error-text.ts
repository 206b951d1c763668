/**
 * Reads the words out of an error answer, whatever its shape (exoscale-api.md §3.2). Lenient by design: the shape has
 * changed before and proxies answer in HTML, so nothing is decided here.
 */

/** Long enough for the API's own sentences, short enough for one log line. */
const MAX_LENGTH = 500;

/** The text of an error body; empty when it has none. Signatures that a proxy echoes are cut out. */
export function errorText(body: string): string {
  const text = fromJson(body) ?? withoutTags(body);
  const line = text
    .replace(/signature=[^\s,"'<]+/gi, 'signature=***')
    .replace(/\s+/g, ' ')
    .trim();
  return line.length > MAX_LENGTH ? `${line.slice(0, MAX_LENGTH)}…` : line;
}

function fromJson(body: string): string | null {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    // Not JSON: a proxy or a load balancer speaks.
    return null;
  }
  if (typeof value === 'string') return value;
  if (typeof value !== 'object' || value === null) return '';
  const { message, error, title, detail, errors } = value as Record<string, unknown>;
  const sentences = [message, error, title, detail, ...(Array.isArray(errors) ? errors.map(detailOf) : [])];
  return [...new Set(sentences.filter((one): one is string => typeof one === 'string' && one !== ''))].join(': ');
}

/** Problem details list plain strings or `{ location, detail }`. */
function detailOf(entry: unknown): string | null {
  if (typeof entry === 'string') return entry;
  if (typeof entry !== 'object' || entry === null) return null;
  const { detail, location } = entry as Record<string, unknown>;
  if (typeof detail !== 'string') return null;
  return typeof location === 'string' ? `${detail} (${location})` : detail;
}

function withoutTags(body: string): string {
  return body.replace(/<(style|script)[\s\S]*?<\/\1>/gi, ' ').replace(/<[^>]*>/g, ' ');
}

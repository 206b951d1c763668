/** Reading JSON that somebody else has written: the result is an object or null, and nothing is believed about it. */

export function parseObject(text: string | null): Record<string, unknown> | null {
  if (text === null) return null;
  try {
    return asObject(JSON.parse(text));
  } catch {
    // Not JSON at all: for the callers the same as JSON of another shape.
    return null;
  }
}

export function asObject(value: unknown): Record<string, unknown> | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : null;
}

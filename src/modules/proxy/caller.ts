/** Whose key a request came with, for those behind the framework who have only the request. */
import type { IncomingMessage } from 'node:http';

const callers = new WeakMap<IncomingMessage, string>();

export function rememberCaller(request: IncomingMessage, keyName: string | undefined): void {
  if (keyName !== undefined) callers.set(request, keyName);
}

/** The name of the key, or null where none was needed. */
export function callerOf(request: IncomingMessage): string | null {
  return callers.get(request) ?? null;
}

/**
 * Who may do what on the public listener, asked of every request before anything else happens to it. Says which error
 * it is to be refused with, and nothing of how that is answered.
 */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { ErrorCode } from '../../common/errors/catalogue.js';
import type { ApiKeys } from './api-keys.js';
import { isInternalPath } from './internal-paths.js';
import { isModelManagement } from './model-management.js';

/** Where the name of the caller's key is put, for the log. */
export interface Caller {
  key?: string;
}

export class AccessRules {
  /**
   * @param keys who may come in; null when everybody may
   * @param management whether models may be changed
   */
  constructor(
    private readonly keys: { readonly current: ApiKeys } | null,
    private readonly management: 'allow' | 'deny',
  ) {}

  /** Whether a key is needed at all. */
  get needKey(): boolean {
    return this.keys !== null;
  }

  /** Why the request may not pass, or null. The order: what is nobody's, then who it is, then what he wants. */
  refusalOf(request: IncomingMessage, caller: Caller): ErrorCode | null {
    const target = request.url ?? '/';
    if (isInternalPath(target)) return 'not_found';
    if (isPreflight(request)) return null;
    if (this.keys && !isProbe(target)) {
      const name = keyNameOf(request.headers, this.keys.current);
      if (name === null) return 'unauthorized';
      caller.key = name;
    }
    return this.management === 'deny' && isModelManagement(target) ? 'management_denied' : null;
  }
}

/** A browser's question before a request (Fetch §4.8); it never carries a credential. */
export function isPreflight({ method, headers }: Pick<IncomingMessage, 'method' | 'headers'>): boolean {
  return method === 'OPTIONS' && headers['access-control-request-method'] !== undefined;
}

/** Orchestrators have no key. What is not one of the probes gets no further than they do: a 404 of the gateway's own. */
function isProbe(target: string): boolean {
  return target.startsWith('/health/');
}

/** `Authorization: Bearer` as Ollama's and OpenAI's clients send it, `x-api-key` as Anthropic's do. */
function keyNameOf(headers: IncomingHttpHeaders, keys: ApiKeys): string | null {
  const bearer = /^Bearer +(\S+) *$/i.exec(headers.authorization ?? '')?.[1];
  const name = bearer === undefined ? null : keys.nameOf(bearer);
  const apiKey = headers['x-api-key'];
  return name === null && typeof apiKey === 'string' ? keys.nameOf(apiKey) : name;
}

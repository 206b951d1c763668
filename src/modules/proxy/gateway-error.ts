/**
 * An error that the gateway makes itself, and how each dialect spells it. One place for all of them: Ollama's string,
 * OpenAI's object, Anthropic's object (architecture.md §4, ollama-api.md §1.4).
 */
import { ERROR_CATALOGUE, type ErrorCode } from '../../common/errors/catalogue.js';
import type { ColdAnswer } from '../provisioning/provisioning.gate.js';

type Dialect = 'ollama' | 'openai' | 'anthropic';

/** What is known about the machine beside the error; the fields of the cold answer. */
type Circumstances = Omit<ColdAnswer, 'code' | 'message'>;

export class GatewayError extends Error {
  override readonly name = 'GatewayError';

  constructor(
    readonly code: ErrorCode,
    message: string = ERROR_CATALOGUE[code].message,
    readonly circumstances: Circumstances | null = null,
    cause?: unknown,
  ) {
    super(message, cause === undefined ? undefined : { cause });
  }

  static cold({ code, message, ...circumstances }: ColdAnswer): GatewayError {
    return new GatewayError(code, message, circumstances);
  }

  /** @param reason what is wrong with the request, in the middle of a sentence; nothing of what was sent */
  static badRequest(reason: string, cause?: unknown): GatewayError {
    return new GatewayError(
      'bad_request',
      `This is no request of HTTP/1.1 that can be served: ${reason}.`,
      null,
      cause,
    );
  }

  get statusCode(): number {
    return ERROR_CATALOGUE[this.code].status;
  }

  /** Headers of the answer beside CORS. */
  headers(): Record<string, string> {
    const headers: Record<string, string> = {
      'content-type': 'application/json; charset=utf-8',
      'cache-control': 'no-store',
      'x-gateway-error': this.code,
    };
    const retryAfterSec = this.circumstances ? this.circumstances.retryAfterSec : this.defaultRetryAfterSec;
    // RFC 9110 §15.5.2: whoever is sent away for want of a credential is told which kind is wanted.
    if (this.statusCode === 401) headers['www-authenticate'] = 'Bearer';
    if (retryAfterSec !== null) headers['retry-after'] = String(retryAfterSec);
    return headers;
  }

  /** One line of JSON: the Go client reads errors line by line (ollama-api.md §0.4). */
  body(path: string): string {
    const { circumstances, code } = this;
    return JSON.stringify({
      ...errorFields(dialectOf(path), this.statusCode, code, this.message),
      provisioning: ERROR_CATALOGUE[code].provisioning,
      ...(circumstances && {
        status: circumstances.status,
        phase: circumstances.phase,
        progress: circumstances.progress,
        eta_seconds: circumstances.etaSec,
        retry_after: circumstances.retryAfterSec,
      }),
      code,
    });
  }

  private get defaultRetryAfterSec(): number | null {
    return ERROR_CATALOGUE[this.code].provisioning ? 1 : null;
  }
}

function dialectOf(path: string): Dialect {
  if (path === '/v1/messages') return 'anthropic';
  return path.startsWith('/v1/') ? 'openai' : 'ollama';
}

function errorFields(dialect: Dialect, status: number, code: ErrorCode, message: string): object {
  switch (dialect) {
    case 'ollama':
      return { error: message };
    case 'openai': {
      // OpenAI's SDKs know a refused key by its code.
      const known = code === 'unauthorized' ? 'invalid_api_key' : code;
      return { error: { message, type: OPENAI_TYPES[status] ?? 'api_error', param: null, code: known } };
    }
    case 'anthropic':
      return { type: 'error', error: { type: ANTHROPIC_TYPES[status] ?? 'api_error', message } };
  }
}

const OPENAI_TYPES: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'invalid_request_error',
  404: 'not_found_error',
};

const ANTHROPIC_TYPES: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  429: 'rate_limit_error',
  503: 'overloaded_error',
};

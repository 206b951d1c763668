/** An error answer of Ollama, rendered in the dialect of the route it happens on (ollama-api.md §1.4). */

export class OllamaError extends Error {
  override readonly name = 'OllamaError';

  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }

  /** The JSON body for a request on `path`. */
  bodyFor(path: string): object {
    const { status, message } = this;
    if (path === '/v1/messages') {
      return { type: 'error', error: { type: anthropicType(status), message }, request_id: 'req_simulated' };
    }
    if (path.startsWith('/v1/')) {
      return { error: { message, type: openaiType(status), param: null, code: null } };
    }
    return { error: message };
  }
}

function openaiType(status: number): string {
  if (status === 400) return 'invalid_request_error';
  return status === 404 ? 'not_found_error' : 'api_error';
}

function anthropicType(status: number): string {
  const types: Record<number, string> = {
    400: 'invalid_request_error',
    401: 'authentication_error',
    403: 'permission_error',
    404: 'not_found_error',
    429: 'rate_limit_error',
    503: 'overloaded_error',
  };
  return types[status] ?? 'api_error';
}

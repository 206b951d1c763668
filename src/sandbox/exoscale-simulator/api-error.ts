/** The two error shapes of the API (exoscale-api.md §3.2) as one throwable. */

export interface Violation {
  detail: string;
  /** JSONPath into the request body. */
  location: string;
}

/** An answer that is not 200. Thrown by handlers, written by the server. */
export class ApiError extends Error {
  override readonly name = 'ApiError';

  private constructor(
    readonly status: number,
    readonly body: Readonly<Record<string, unknown>>,
  ) {
    super(`the simulated API answers ${status}`);
  }

  /** The older shape: `{"message": …}`. */
  static classic(status: number, message: string): ApiError {
    return new ApiError(status, { message });
  }

  /** RFC 9457, sent as application/json; used for requests that break the schema. */
  static problem(violations: readonly Violation[]): ApiError {
    const detail = violations.map((one) => one.detail).join('; ');
    return new ApiError(400, { type: 'about:blank', title: 'Bad Request', status: 400, detail, errors: violations });
  }

  static notFound(): ApiError {
    return ApiError.classic(404, 'Not Found');
  }
}

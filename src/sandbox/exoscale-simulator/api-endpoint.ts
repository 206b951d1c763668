/**
 * What happens to one request of the API: signature, policy, fault, operation, record, in this order. Knows no sockets; what the
 * transport has to do comes back as an Outcome.
 */
import { ApiError } from './api-error.js';
import type { CallLog } from './call-log.js';
import type { Fault, Faults } from './faults.js';
import { FORBIDDEN, type IamRole } from './iam-policy.js';
import type { Organization } from './organization.js';
import { readJsonBody } from './request-body.js';
import { matchRoute } from './routes.js';
import { verifySignature, type ReceivedCall, type Verdict } from './signature.js';

export const API_PREFIX = '/v2';

export interface Answer {
  status: number;
  /** Sent as JSON; a string is sent as it is. */
  content: unknown;
  headers?: Record<string, string>;
}

/** `cut` the connection, or stay silent and leave it open. */
export type Outcome = Answer | 'cut' | 'silence';

export interface ApiEndpointParts {
  organization: Organization;
  faults: Faults;
  log: CallLog;
  credentials: { apiKey: string; apiSecret: string };
  /** Of the key; null for one that may do everything. */
  role: IamRole | null;
  nowMs: () => number;
}

type Match = NonNullable<ReturnType<typeof matchRoute>>;

export class ApiEndpoint {
  constructor(private readonly parts: ApiEndpointParts) {}

  handle(call: ReceivedCall, contentType: string): Outcome {
    const { credentials, log, nowMs } = this.parts;
    const path = call.path.startsWith(`${API_PREFIX}/`) ? call.path.slice(API_PREFIX.length) : '';
    const match = matchRoute(call.method, path);
    const verdict = verifySignature(call, credentials, nowMs());
    const outcome = this.decide(call, contentType, match, verdict);
    log.add({
      atMs: nowMs(),
      method: call.method,
      path: call.query ? `${call.path}?${call.query}` : call.path,
      operationId: match?.route.operationId ?? null,
      status: typeof outcome === 'string' ? null : outcome.status,
      signed: verdict === 'valid',
    });
    return outcome;
  }

  /** A call that is badly signed or not allowed uses up no fault: the fault would hide it. */
  private decide(call: ReceivedCall, contentType: string, match: Match | null, verdict: Verdict): Outcome {
    if (verdict === 'expired') return refusal('Request signature has expired');
    if (verdict === 'invalid') return refusal('Invalid request signature');
    if (verdict === 'unsigned' && !match?.route.open) return refusal('Missing request signature');
    if (!match) return answerOf(ApiError.notFound());
    // What is open to everybody is open to everybody only without a signature (exoscale/egoscale#767).
    const { role } = this.parts;
    if (verdict === 'valid' && role && !role.allows(match.route.operationId)) return refusal(FORBIDDEN);

    const fault = this.parts.faults.take(match.route.operationId);
    if (fault?.kind === 'status') {
      const content = fault.body ?? { message: 'Simulated fault' };
      return { status: fault.status ?? 500, content, headers: fault.headers };
    }
    if (fault?.kind === 'reset-before') return 'cut';
    if (fault?.kind === 'hang') return 'silence';
    const answer = this.execute(call, contentType, match, verdict === 'valid', fault);
    if (fault?.kind === 'reset-after') return 'cut';
    return fault?.kind === 'hang-after' ? 'silence' : answer;
  }

  private execute(
    call: ReceivedCall,
    contentType: string,
    { route, params }: Match,
    signed: boolean,
    fault: Fault | null,
  ): Answer {
    try {
      const query = new URLSearchParams(call.query);
      checkQuery(query, route.query);
      const content = this.parts.organization.answer({
        operationId: route.operationId,
        params,
        query,
        body: readJsonBody(call.body, contentType, route.operationId),
        signed,
        scripted: (fault?.kind === 'operation' && fault.result) || null,
      });
      return { status: 200, content };
    } catch (error) {
      if (error instanceof ApiError) return answerOf(error);
      throw error;
    }
  }
}

/** A filter that is silently ignored would make its user believe in an answer that nobody gave. */
function checkQuery(query: URLSearchParams, known: readonly string[]): void {
  const unknown = [...query.keys()].find((name) => !known.includes(name));
  if (unknown) throw ApiError.classic(400, `the simulator does not know the query parameter ${unknown}`);
}

/** 403 is the API's one authentication error (exoscale-api.md §3.2). */
function refusal(message: string): Answer {
  return answerOf(ApiError.classic(403, message));
}

function answerOf(error: ApiError): Answer {
  return { status: error.status, content: error.body };
}

/**
 * What the parts of the gateway count while they work, in plain numbers: producers add, `modules/observability` reads at a
 * scrape. One object for the whole process, so that no producer knows of metrics and no metric of its producer.
 */
import { ERROR_CATALOGUE, type ErrorCode } from '../errors/catalogue.js';
import { CloudCallTally } from './cloud-call-tally.js';
import { KindTally } from './kind-tally.js';
import { RequestTally } from './request-tally.js';

/** How a request ended that met a machine which was not ready. */
const COLD_OUTCOMES = [
  /** Held, and then let through to the machine. */
  'served',
  /** Answered by what a sleeping Ollama can say itself. */
  'answered_asleep',
  /** Its client left while it was held. */
  'left',
  /** The cold answer of this code. */
  ...(Object.keys(ERROR_CATALOGUE) as ErrorCode[]),
] as const;
export type ColdOutcome = 'served' | 'answered_asleep' | 'left' | ErrorCode;

/** How the machine failed a forwarded request: before the first byte, or after it. */
export const UPSTREAM_ERRORS = ['unanswered', 'broken'] as const;
export type UpstreamError = (typeof UPSTREAM_ERRORS)[number];

export class Tallies {
  readonly requests = new RequestTally();
  readonly cold = new KindTally<ColdOutcome>(COLD_OUTCOMES);
  readonly upstreamErrors = new KindTally<UpstreamError>(UPSTREAM_ERRORS);
  readonly cloudCalls = new CloudCallTally();
}

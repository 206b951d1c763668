/**
 * Requests of the public listener, by class of route and by how they were answered. Knows neither paths nor clients: what
 * becomes a label is an index into a closed list.
 */
import { DurationTally } from './duration-tally.js';

/** What a request was for; one word per family of Ollama's surface. */
export const ROUTE_CLASSES = [
  'chat',
  'generate',
  'embed',
  'openai',
  'anthropic',
  'models',
  'management',
  'own',
  'other',
] as const;
export type RouteClass = (typeof ROUTE_CLASSES)[number];

/** A cached answer takes a millisecond, a generation may think for minutes before its first word. */
const FIRST_BYTE_BOUNDS_SEC = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300];

const STATUS_FIRST = 100;
const STATUS_LAST = 599;
/** Where no status was sent: the client left before. */
const UNANSWERED = 0;
/** What is no status of HTTP. */
const ODD = 1;

export class RequestTally {
  /** From the arrival of a forwarded request to the head of its answer. */
  readonly firstByte = new DurationTally(ROUTE_CLASSES, FIRST_BYTE_BOUNDS_SEC);
  private readonly counts: Record<RouteClass, Float64Array>;

  constructor() {
    const empty = (): Float64Array => new Float64Array(STATUS_LAST + 1);
    this.counts = Object.fromEntries(ROUTE_CLASSES.map((one) => [one, empty()])) as Record<RouteClass, Float64Array>;
  }

  /** @param status of the answer; null when the client left before there was one */
  ended(routeClass: RouteClass, status: number | null): void {
    (this.counts[routeClass][slotOf(status)] as number) += 1;
  }

  /** Every combination that has occurred; `code` is the status, `none` without one, `other` for what is no status. */
  *entries(): Generator<{ routeClass: RouteClass; code: string; count: number }> {
    for (const routeClass of ROUTE_CLASSES) {
      for (const [slot, count] of this.counts[routeClass].entries()) {
        if (count > 0) yield { routeClass, code: codeOf(slot), count };
      }
    }
  }
}

function slotOf(status: number | null): number {
  if (status === null) return UNANSWERED;
  return status >= STATUS_FIRST && status <= STATUS_LAST ? status : ODD;
}

function codeOf(slot: number): string {
  if (slot === UNANSWERED) return 'none';
  return slot === ODD ? 'other' : String(slot);
}

/** Exponential back-off as a pure function; randomness comes in as a number, so tables can test it. */
export interface BackoffRange {
  firstMs: number;
  maxMs: number;
}

/**
 * Delay before attempt `attempt` (1 = after the first failure): doubles from `firstMs` up to `maxMs`, jittered to
 * 50–100 % so that replicas and machines do not retry in step. `random` is in [0, 1).
 */
export function backoffMs(attempt: number, range: BackoffRange, random: number): number {
  const ceiling = Math.min(range.maxMs, range.firstMs * 2 ** Math.max(0, attempt - 1));
  return Math.round(ceiling * (0.5 + random / 2));
}

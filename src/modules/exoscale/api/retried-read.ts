/**
 * Repeats a read that failed for a passing reason. Only for reads: a change that is sent twice may be a second machine
 * (exoscale-api.md §3.4). Knows nothing of HTTP.
 */
import { type BackoffRange, backoffMs } from '../../../common/time/backoff.js';
import type { Clock } from '../../../common/time/clock.js';
import { CloudError } from '../../provisioning/ports/cloud.port.js';

export interface RetryOptions {
  clock: Clock;
  /** In [0, 1). */
  random: () => number;
  /** Divides every wait (GATEWAY_TIME_SCALE). */
  timeScale: number;
}

const MAX_ATTEMPTS = 4;
const WAITS: BackoffRange = { firstMs: 1000, maxMs: 8000 };
/** When the API wants a longer pause, the caller's own back-off is the better place to wait. */
const MAX_RETRY_AFTER_MS = 30_000;

/**
 * The first success of up to four attempts; waits as long as the API asks, at least the jittered back-off.
 * @throws the CloudError of the last attempt, or the first that is not transient
 */
export async function retriedRead<T>(attempt: () => Promise<T>, options: RetryOptions): Promise<T> {
  for (let count = 1; ; count += 1) {
    try {
      return await attempt();
    } catch (error) {
      const retryAfterMs = passing(error) ? (error.details.retryAfterMs ?? 0) : Infinity;
      if (count === MAX_ATTEMPTS || retryAfterMs > MAX_RETRY_AFTER_MS) throw error;
      const waitMs = Math.max(retryAfterMs, backoffMs(count, WAITS, options.random()));
      await options.clock.sleep(waitMs / options.timeScale);
    }
  }
}

function passing(error: unknown): error is CloudError {
  return error instanceof CloudError && error.kind === 'transient';
}

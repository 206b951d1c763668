/**
 * Waits for an asynchronous job of the API to end. For the short jobs in the middle of a longer call; the jobs of machines
 * are followed by the reconciler, look by look.
 */
import type { Clock } from '../../../common/time/clock.js';
import { CloudError } from '../../provisioning/ports/cloud.port.js';
import type { ApiOperation } from './api-types.js';
import { operationState } from './exoscale-errors.js';

export interface PollOptions {
  clock: Clock;
  /** Reads the job again; null when it is not known. Reads are retried by the client itself. */
  read: (id: string) => Promise<ApiOperation | null>;
  /** Gives up after this time; the job goes on in the cloud. */
  timeoutMs: number;
  /** Divides the waits between two polls (GATEWAY_TIME_SCALE). */
  timeScale: number;
}

/** As egoscale polls (3 s, growing to a minute), but quick in the first seconds, in which most jobs end. */
export function pollIntervalMs(elapsedMs: number): number {
  if (elapsedMs < 3000) return 500;
  const growth = (57 / 870) * (elapsedMs / 1000 - 30);
  return Math.min(60, Math.max(3, 3 + growth)) * 1000;
}

/**
 * Resolves with the job once it has succeeded.
 * @throws CloudError of the job's reason, or `transient` when it is forgotten or takes too long
 */
export async function pollOperation(first: ApiOperation, options: PollOptions): Promise<ApiOperation> {
  const { clock, read, timeoutMs, timeScale } = options;
  const beginMs = clock.monotonicMs();
  for (let operation = first; ;) {
    const { state, error } = operationState(operation);
    if (error) throw error;
    if (state === 'success') return operation;
    // Before the time scale, so that the intervals grow at every scale alike.
    const elapsedMs = (clock.monotonicMs() - beginMs) * timeScale;
    if (elapsedMs >= timeoutMs)
      throw new CloudError('transient', `The operation is still pending after ${timeoutMs} ms`);
    await clock.sleep(pollIntervalMs(elapsedMs) / timeScale);
    const next = await read(operation.id ?? '');
    if (!next) throw new CloudError('transient', 'The operation is not known any more');
    operation = next;
  }
}

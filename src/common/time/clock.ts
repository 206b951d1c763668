/**
 * Time as a port. Everything that waits or measures takes a Clock, so tests move time by hand
 * (`test/support/manual-clock.ts`) and no test sleeps. Knows nothing of Nest or of the domain.
 */
export interface Timer {
  cancel(): void;
}

export abstract class Clock {
  /** Wall-clock time, Unix epoch in ms: for records and for people. */
  abstract nowMs(): number;
  /** Never goes back: for durations and deadlines inside one process. */
  abstract monotonicMs(): number;
  /** Runs `task` once after `delayMs`; the returned timer cancels it. Timers never keep the process alive. */
  abstract after(delayMs: number, task: () => void): Timer;

  /** Resolves after `delayMs`, or rejects with the signal's reason as soon as it aborts. */
  sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(abortReason(signal));
      const onAbort = () => {
        timer.cancel();
        reject(abortReason(signal as AbortSignal));
      };
      const timer = this.after(delayMs, () => {
        signal?.removeEventListener('abort', onAbort);
        resolve();
      });
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  }
}

/** Node runs a longer timeout after 1 ms (https://nodejs.org/api/timers.html): an idle timeout of a month would spin. */
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;

export class SystemClock extends Clock {
  nowMs(): number {
    return Date.now();
  }

  monotonicMs(): number {
    return performance.now();
  }

  after(delayMs: number, task: () => void): Timer {
    let handle: NodeJS.Timeout;
    const arm = (leftMs: number): void => {
      const thisMs = Math.min(Math.max(0, leftMs), LONGEST_TIMEOUT_MS);
      handle = setTimeout(() => (leftMs > thisMs ? arm(leftMs - thisMs) : task()), thisMs);
      handle.unref();
    };
    arm(delayMs);
    return { cancel: () => clearTimeout(handle) };
  }
}

function abortReason(signal: AbortSignal): Error {
  const reason: unknown = signal.reason;
  return reason instanceof Error ? reason : new Error('aborted', { cause: reason });
}

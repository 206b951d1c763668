/** Ends a call that takes too long or makes no progress, or that its caller has given up. Time is the Clock's. */
import type { Clock, Timer } from '../../common/time/clock.js';
import { MachineError } from '../provisioning/ports/machine.port.js';

export class Watchdog {
  private readonly controller = new AbortController();
  private timer: Timer | null = null;

  /** @param caller gives the call up when it aborts */
  constructor(
    private readonly clock: Clock,
    private readonly caller?: AbortSignal,
  ) {
    caller?.addEventListener('abort', this.onCallerAbort, { once: true });
    if (caller?.aborted) this.onCallerAbort();
  }

  /** Aborts with a MachineError of kind `unreachable` as its reason. */
  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** Aborts after `limitMs` unless it is fed again or disposed of before. */
  feed(limitMs: number, sentence: string): void {
    this.timer?.cancel();
    this.timer = this.clock.after(limitMs, () => this.controller.abort(new MachineError('unreachable', sentence)));
  }

  /** Must be called when the call is over: no timer and no listener stays behind. */
  dispose(): void {
    this.timer?.cancel();
    this.caller?.removeEventListener('abort', this.onCallerAbort);
  }

  private readonly onCallerAbort = (): void => {
    this.controller.abort(
      new MachineError('unreachable', 'The call to the machine was given up.', this.caller?.reason),
    );
  };
}

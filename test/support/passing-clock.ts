/**
 * A manual clock on which sleeping makes time pass for everybody: a client that polls a simulator on the same clock
 * finishes by itself, without real waiting. Timers that guard something (time-outs) still need the test to move time.
 */
import { ManualClock } from './manual-clock.js';

export class PassingClock extends ManualClock {
  override sleep(delayMs: number): Promise<void> {
    return this.advance(delayMs);
  }
}

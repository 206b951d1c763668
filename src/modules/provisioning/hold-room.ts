/**
 * Where requests wait for a machine that will be there soon. It knows deadlines and departures; whether somebody may
 * wait, and what they are told in the end, is decided by its owner.
 */
import type { Clock, Timer } from '../../common/time/clock.js';

/** More than this many at once get `held_limit`. */
const HELD_MAX = 1000;

export interface Guest {
  /** Waits through failures that heal: the client asked for the hold itself. */
  patient: boolean;
}

export type Outcome = 'admit' | 'give_up' | 'left';

interface Seat extends Guest {
  resolve(outcome: Outcome): void;
}

export class HoldRoom {
  private readonly seats = new Set<Seat>();

  constructor(private readonly clock: Clock) {}

  get held(): number {
    return this.seats.size;
  }

  get full(): boolean {
    return this.seats.size >= HELD_MAX;
  }

  /** Waits for at most `forMs`, or until the client leaves, or until the room is called. */
  wait(guest: Guest, forMs: number, signal: AbortSignal): Promise<Outcome> {
    if (signal.aborted) return Promise.resolve('left');
    return new Promise((resolve) => {
      const onAbort = () => seat.resolve('left');
      const seat: Seat = {
        ...guest,
        resolve: (outcome) => {
          if (!this.seats.delete(seat)) return;
          timer.cancel();
          signal.removeEventListener('abort', onAbort);
          resolve(outcome);
        },
      };
      this.seats.add(seat);
      const timer: Timer = this.clock.after(forMs, () => seat.resolve('give_up'));
      signal.addEventListener('abort', onAbort, { once: true });
    });
  }

  /** Calls those who wait, first come first; only the impatient ones with `impatientOnly`. */
  call(outcome: Outcome, impatientOnly = false): void {
    for (const seat of [...this.seats]) {
      if (!impatientOnly || !seat.patient) seat.resolve(outcome);
    }
  }
}

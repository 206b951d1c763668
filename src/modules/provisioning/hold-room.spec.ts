import { describe, expect, it } from '@jest/globals';
import { ManualClock } from '../../../test/support/manual-clock.js';
import { HoldRoom } from './hold-room.js';

const stay = new AbortController().signal;

describe('the hold room', () => {
  it('lets everybody in when the machine is there, first come first', async () => {
    const room = new HoldRoom(new ManualClock());
    const order: number[] = [];
    const waits = [1, 2, 3].map((who) => room.wait({ patient: false }, 1000, stay).then(() => order.push(who)));
    room.call('admit');
    await Promise.all(waits);
    expect(order).toEqual([1, 2, 3]);
    expect(room.held).toBe(0);
  });

  it('gives up after the time that was granted', async () => {
    const clock = new ManualClock();
    const room = new HoldRoom(clock);
    const outcome = room.wait({ patient: false }, 1000, stay);
    await clock.advance(999);
    expect(room.held).toBe(1);
    await clock.advance(1);
    expect(await outcome).toBe('give_up');
  });

  it('forgets a client that leaves, and one that has left already', async () => {
    const room = new HoldRoom(new ManualClock());
    const client = new AbortController();
    const outcome = room.wait({ patient: true }, 1000, client.signal);
    client.abort();
    expect(await outcome).toBe('left');
    expect(await room.wait({ patient: true }, 1000, client.signal)).toBe('left');
    expect(room.held).toBe(0);
  });

  it('lets those who asked for it wait through a failure that heals', async () => {
    const room = new HoldRoom(new ManualClock());
    const patient = room.wait({ patient: true }, 1000, stay);
    const impatient = room.wait({ patient: false }, 1000, stay);
    room.call('give_up', true);
    expect(await impatient).toBe('give_up');
    expect(room.held).toBe(1);
    room.call('admit');
    expect(await patient).toBe('admit');
  });

  it('is full with a thousand', () => {
    const room = new HoldRoom(new ManualClock());
    for (let guest = 0; guest < 1000; guest += 1) {
      void room.wait({ patient: false }, 1000, new AbortController().signal);
    }
    expect(room.full).toBe(true);
  });
});

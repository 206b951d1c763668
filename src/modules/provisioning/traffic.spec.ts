import { describe, expect, it } from '@jest/globals';
import { ManualClock } from '../../../test/support/manual-clock.js';
import { TrafficCounter } from './traffic.js';

const MACHINE = { url: 'http://machine', launchId: 'l-1', linkEpoch: 1 };

describe('the traffic counter', () => {
  it('gives no lease while the gate is closed, and keeps open ones when it closes', () => {
    const traffic = new TrafficCounter(new ManualClock());
    expect(traffic.tryAcquire(true)).toBeNull();
    traffic.admit(MACHINE);
    const lease = traffic.tryAcquire(true);
    traffic.close();
    expect(traffic.tryAcquire(true)).toBeNull();
    expect(lease?.target).toBe(MACHINE);
    expect(traffic.open).toBe(1);
  });

  it('counts a lease that is released twice only once', () => {
    const traffic = new TrafficCounter(new ManualClock());
    traffic.admit(MACHINE);
    const [first, second] = [traffic.tryAcquire(true), traffic.tryAcquire(true)];
    first?.release();
    first?.release();
    expect(traffic.open).toBe(1);
    second?.release();
    expect(traffic.open).toBe(0);
  });

  it('moves the idle clock at the end of work, not of reading', async () => {
    const clock = new ManualClock();
    const traffic = new TrafficCounter(clock);
    traffic.admit(MACHINE);
    traffic.tryAcquire(false)?.release();
    expect(traffic.lastActivityMs).toBeNull();
    const work = traffic.tryAcquire(true);
    await clock.advance(5000);
    work?.release();
    expect(traffic.lastActivityMs).toBe(clock.nowMs());
  });

  it('tells when nobody is left', async () => {
    const traffic = new TrafficCounter(new ManualClock());
    await traffic.none();
    traffic.admit(MACHINE);
    const lease = traffic.tryAcquire(true);
    let none = false;
    const told = traffic.none().then(() => (none = true));
    await Promise.resolve();
    expect(none).toBe(false);
    lease?.release();
    await told;
  });
});

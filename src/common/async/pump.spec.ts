import { describe, expect, it } from '@jest/globals';
import { Pump } from './pump.js';

/** Work that ends when the test says so. */
class Work {
  rounds = 0;
  private finish: () => void = () => undefined;
  readonly pump = new Pump(() => {
    this.rounds += 1;
    return new Promise((resolve) => (this.finish = resolve));
  });

  async end(): Promise<void> {
    this.finish();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('Pump', () => {
  it('has not begun when signal() returns', async () => {
    const work = new Work();
    work.pump.signal();
    expect(work.rounds).toBe(0);
    await work.end();
    expect(work.rounds).toBe(1);
  });

  it('does one more round for all the signals that came during one', async () => {
    const work = new Work();
    work.pump.signal();
    await work.end();
    for (let i = 0; i < 10; i += 1) work.pump.signal();
    expect(work.rounds).toBe(1);
    await work.end();
    expect(work.rounds).toBe(2);
    await work.end();
    await work.pump.idle();
    expect(work.rounds).toBe(2);
  });

  it('rests until there is a reason again', async () => {
    const work = new Work();
    work.pump.signal();
    await work.end();
    await work.end();
    await work.pump.idle();
    work.pump.signal();
    await work.end();
    expect(work.rounds).toBe(2);
  });
});

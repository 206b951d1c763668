import { beforeEach, describe, expect, it } from '@jest/globals';
import { ManualClock } from '../../../test/support/manual-clock.js';
import { MachineMeter } from './machine-meter.js';

let clock: ManualClock;
let meter: MachineMeter;

beforeEach(() => {
  clock = new ManualClock();
  meter = new MachineMeter(clock);
});

const pass = (sec: number): Promise<void> => clock.advance(sec * 1000);

describe('machine seconds', () => {
  it('run from the accepted start to the confirmed stop', async () => {
    await pass(100);
    meter.observe({ phase: 'creating', instanceStatus: 'stopped' });
    await pass(10);
    meter.observe({ phase: 'starting', instanceStatus: 'stopped' });
    await pass(5);
    meter.observe({ phase: 'booting', instanceStatus: 'running' });
    await pass(300);
    meter.observe({ phase: 'stopping', instanceStatus: 'stopping' });
    await pass(20);
    meter.observe({ phase: 'stopped', instanceStatus: 'stopped' });
    await pass(1000);
    expect(meter.seconds()).toBe(325);
  });

  it('grow while nothing happens, and never shrink', async () => {
    meter.observe({ phase: 'ready', instanceStatus: 'running' });
    await pass(60);
    expect(meter.seconds()).toBe(60);
    await pass(60);
    expect(meter.seconds()).toBe(120);
    meter.observe({ phase: 'absent', instanceStatus: null });
    await pass(60);
    expect(meter.seconds()).toBe(120);
  });

  it('go on while a machine that ran is being deleted, and stand still while a stopped one is', async () => {
    meter.observe({ phase: 'ready', instanceStatus: 'running' });
    meter.observe({ phase: 'deleting', instanceStatus: 'destroying' });
    await pass(10);
    expect(meter.seconds()).toBe(10);
    meter.observe({ phase: 'stopped', instanceStatus: 'stopped' });
    meter.observe({ phase: 'deleting', instanceStatus: 'destroying' });
    await pass(10);
    expect(meter.seconds()).toBe(10);
  });

  it('count a machine that runs after a failed attempt: it costs all the same', async () => {
    meter.observe({ phase: 'failed', instanceStatus: 'running' });
    await pass(10);
    expect(meter.seconds()).toBe(10);
  });
});

/** The drain latch: a machine is closed and asked before it is stopped, and whoever works on it is not cut off. */
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { endEverything } from '../support/endings.js';
import { eventually } from '../support/eventually.js';
import { TestBed } from '../support/test-bed.js';

jest.setTimeout(60_000);
afterEach(endEverything);

const IDLE = { GATEWAY_UNCLAIMED_SECONDS: '1' };

const latched = (bed: TestBed) => eventually('the machine is latched', () => bed.machines.isLatched(bed.instanceId));

describe('before an idle machine is stopped', () => {
  it('it is latched, so that no request of another replica can begin on it any more', async () => {
    const bed = await TestBed.start({ env: IDLE });
    await bed.ready();
    bed.machines.busyWith(1);
    await latched(bed);
    expect(bed.cloud.countCalls('stop-instance')).toBe(0);
    bed.machines.busyWith(0);
    await bed.gateway.untilPhase('stopped');
    expect(bed.cloud.countCalls('stop-instance')).toBe(1);
  });

  it('it is asked, and left running as long as somebody else has requests in progress on it', async () => {
    const bed = await TestBed.start({ env: IDLE });
    await bed.ready();
    bed.machines.busyWith(2);
    const spared = await bed.gateway.until('it is spared', ({ reason }) => /2 requests of somebody else/.test(reason));
    expect(spared).toMatchObject({ phase: 'ready', instance_status: 'running' });
    expect(bed.machines.isLatched(bed.instanceId)).toBe(false);
    expect((await bed.ollama.get('/api/tags')).status).toBe(200);
    expect(bed.cloud.countCalls('stop-instance')).toBe(0);
    bed.machines.busyWith(0);
    await bed.gateway.untilPhase('stopped');
  });
});

describe('a request that comes while the machine is latched', () => {
  it('is served by it, and never sees the latch', async () => {
    const bed = await TestBed.start({ env: IDLE });
    await bed.ready();
    // Counted twice with a pause between: long enough for a request to come in the middle.
    bed.machines.busyWith(1);
    await latched(bed);
    const replies = await Promise.all([bed.ollama.generate(), bed.ollama.get('/api/tags'), bed.ollama.generate()]);
    expect(replies.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(replies.flatMap(({ headers }) => Object.keys(headers)).filter((name) => name.startsWith('x-gw-'))).toEqual(
      [],
    );
    expect(bed.machines.isLatched(bed.instanceId)).toBe(false);
    expect(bed.cloud.countCalls('stop-instance')).toBe(0);
  });
});

describe('a latch that a gateway has left behind', () => {
  it('is opened by the next one, which then serves', async () => {
    const bed = await TestBed.start({ env: IDLE });
    await bed.ready();
    bed.machines.busyWith(1);
    await latched(bed);
    await bed.gateway.kill('SIGKILL');
    bed.machines.busyWith(0);
    expect(bed.machines.isLatched(bed.instanceId)).toBe(true);
    await bed.startGateway({ GATEWAY_UNCLAIMED_SECONDS: '300' });
    expect((await bed.answered()).status).toBe(200);
    expect(bed.machines.isLatched(bed.instanceId)).toBe(false);
    expect(bed.cloud.countCalls('create-instance')).toBe(1);
  });
});

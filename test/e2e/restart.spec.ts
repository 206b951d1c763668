/** The gateway dies (SIGKILL) and comes back: with the same machine, none added, and without anybody asking again. */
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { endEverything } from '../support/endings.js';
import { eventually } from '../support/eventually.js';
import { TestBed } from '../support/test-bed.js';

jest.setTimeout(60_000);
afterEach(endEverything);

/** Slow enough to be killed in every phase. */
const SLOW = { operationMs: 400, machines: { bootMs: 400, pullMs: 400 } };

/** Kills the gateway as soon as it says that it is in this phase. */
async function dieIn(bed: TestBed, phase: string): Promise<void> {
  const { gateway } = bed;
  const said = (): boolean => gateway.log.some((line) => line.to === phase);
  await eventually(`the gateway says that it is ${phase}`, said, { explain: () => gateway.describe() });
  await gateway.kill('SIGKILL');
}

describe('a gateway that is killed', () => {
  it.each(['creating', 'starting', 'booting', 'loading', 'ready'])(
    'while its machine is %s goes on with it, without a new request',
    async (phase) => {
      const bed = await TestBed.start(SLOW);
      await bed.ollama.generate();
      await dieIn(bed, phase);
      const before = bed.cloud.instances().map(({ id }) => id);
      await bed.startGateway();
      expect(await bed.gateway.untilPhase('ready')).toMatchObject({ instance_id: bed.instanceId });
      if (before.length > 0) expect(before).toEqual([bed.instanceId]);
      expect(bed.cloud.countCalls('create-instance')).toBe(1);
      expect(bed.cloud.maxConcurrentBilled()).toBe(1);
      expect((await bed.ollama.generate()).status).toBe(200);
    },
  );

  it.each([
    ['draining', 'stop', 'stopped'],
    ['stopping', 'stop', 'stopped'],
    ['deleting', 'destroy', 'absent'],
  ])('while its machine is %s puts it away all the same', async (phase, action, end) => {
    const users = { GATEWAY_UNCLAIMED_SECONDS: '1', GATEWAY_IDLE_ACTION: action };
    const bed = await TestBed.start({ ...SLOW, env: users });
    await bed.ready();
    await dieIn(bed, phase);
    await bed.startGateway();
    await bed.gateway.untilPhase(end);
    expect(bed.cloud.instances().map(({ state }) => state)).toEqual(end === 'stopped' ? ['stopped'] : []);
    expect(bed.cloud.countCalls('create-instance')).toBe(1);
    expect(bed.cloud.maxConcurrentBilled()).toBe(1);
  });

  it.each(['create-instance', 'start-instance'])(
    'in the middle of a %s whose answer it has not heard finds out what became of it',
    async (operation) => {
      const bed = await TestBed.start();
      bed.cloud.fault({ operation, times: 1, kind: 'hang-after' });
      await bed.ollama.generate();
      await eventually('the call has arrived', () => bed.cloud.countCalls(operation) === 1);
      await bed.restartGateway('SIGKILL');
      await bed.gateway.untilPhase('ready');
      expect(bed.cloud.countCalls(operation)).toBe(1);
      expect(bed.cloud.instances()).toHaveLength(1);
    },
  );

  it('while a request has come during the stop starts the machine again when it has stopped', async () => {
    const bed = await TestBed.start({ ...SLOW, env: { GATEWAY_UNCLAIMED_SECONDS: '1' } });
    await bed.ready();
    await bed.gateway.untilPhase('stopping');
    await bed.ollama.generate();
    await bed.restartGateway('SIGKILL');
    await bed.gateway.untilPhase('ready');
    expect(bed.cloud.countCalls('start-instance')).toBe(2);
    expect(bed.cloud.countCalls('create-instance')).toBe(1);
  });

  it('again and again, at any moment, has one machine in the end', async () => {
    // At this scale a wish is remembered for a minute: longer than the deaths take.
    const bed = await TestBed.start({ ...SLOW, env: { GATEWAY_TIME_SCALE: '10' } });
    await bed.ollama.generate();
    for (let count = 0; count < 5; count += 1) await bed.restartGateway('SIGKILL');
    await bed.gateway.untilPhase('ready');
    expect(bed.cloud.countCalls('create-instance')).toBe(1);
    expect(bed.cloud.maxConcurrentBilled()).toBe(1);
  });
});

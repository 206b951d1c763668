/** A cloud on a bad day: the gateway waits, tries again, and never makes a second machine. */
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import type { Fault } from '../../src/sandbox/exoscale-simulator/faults.js';
import { endEverything } from '../support/endings.js';
import { eventually } from '../support/eventually.js';
import { TestBed } from '../support/test-bed.js';

jest.setTimeout(60_000);
afterEach(endEverything);

const NO_CAPACITY = { message: 'No host with enough capacity is available' };
const UNAVAILABLE = { state: 'failure', reason: 'unavailable', message: 'No capacity left' } as const;

describe('no capacity', () => {
  it.each<[string, Fault]>([
    [
      'is said to the create',
      { operation: 'create-instance', times: 2, kind: 'status', status: 503, body: NO_CAPACITY },
    ],
    ['ends the job of the create', { operation: 'create-instance', times: 2, kind: 'operation', result: UNAVAILABLE }],
    ['is said to the start', { operation: 'start-instance', times: 2, kind: 'status', status: 503, body: NO_CAPACITY }],
    ['ends the job of the start', { operation: 'start-instance', times: 2, kind: 'operation', result: UNAVAILABLE }],
  ])('that %s is told as such, and overcome by the gateway itself', async (_what, fault) => {
    const bed = await TestBed.start();
    bed.cloud.fault(fault);
    await bed.ollama.generate();
    const failed = await bed.gateway.until('the failure', ({ code }) => code === 'capacity');
    expect(failed).toMatchObject({ provisioning_status: 'error', phase: 'failed', wanted: true });
    expect(failed.error).toMatch(/capacity/);
    // The next attempt may begin at any moment: the failure is told between two of them.
    const reply = await eventually('an answer that tells the failure', async () => {
      const one = await bed.ollama.generate();
      return one.json().code === 'capacity' ? one : null;
    });
    expect(reply.json()).toMatchObject({ provisioning: true, status: 'error', code: 'capacity' });
    expect(Number(reply.headers['retry-after'])).toBeGreaterThanOrEqual(1);

    await bed.gateway.untilPhase('ready');
    expect((await bed.ollama.generate()).status).toBe(200);
    expect(bed.cloud.faults()).toEqual([]);
    expect(bed.cloud.instances()).toHaveLength(1);
    expect(bed.cloud.maxConcurrentBilled()).toBe(1);
  });

  it('for a stopped machine, three times in a row, is answered with a new machine; the old one is deleted', async () => {
    const bed = await TestBed.start({ env: { GATEWAY_UNCLAIMED_SECONDS: '1' } });
    await bed.ready();
    await bed.gateway.untilPhase('stopped');
    const old = bed.instanceId;
    bed.cloud.fault({ operation: 'start-instance', times: 3, kind: 'status', status: 503, body: NO_CAPACITY });
    expect((await bed.answered()).status).toBe(200);
    expect(bed.instanceId).not.toBe(old);
    expect(bed.cloud.maxConcurrentBilled()).toBe(1);
  });
});

/** Every call that the gateway makes on its way up, down and away. */
const CALLS = [
  ...['list-instances', 'list-instance-types', 'list-templates', 'get-quota', 'get-instance', 'get-operation'],
  ...['list-security-groups', 'get-security-group', 'create-security-group', 'add-rule-to-security-group'],
  ...['create-instance', 'start-instance', 'stop-instance', 'delete-instance'],
];

describe('an API in trouble', () => {
  it.each<[string, Omit<Fault, 'operation' | 'times'>]>([
    ['answers 500', { kind: 'status', status: 500 }],
    ['answers 503 with HTML', { kind: 'status', status: 503, body: '<html>Service Unavailable</html>' }],
    ['answers 429', { kind: 'status', status: 429, headers: { 'Retry-After': '0' } }],
    ['answers 200 with nonsense', { kind: 'status', status: 200, body: 'nonsense' }],
    ['cuts connections before it acts', { kind: 'reset-before' }],
    ['cuts connections after it has acted', { kind: 'reset-after' }],
    ['gives up on jobs that go on all the same', { kind: 'operation', result: { state: 'timeout' } }],
  ])('that %s, once in every call, delays the machine and never doubles it', async (_what, fault) => {
    // The back-off grows with each failure in a row: at this scale seven of them are a few seconds.
    const users = { EXOSCALE_IDLE_TIMEOUT: '1', GATEWAY_DESTROY_AFTER: '1' };
    const bed = await TestBed.start({ env: { ...users, GATEWAY_TIME_SCALE: '200' } });
    for (const operation of CALLS) bed.cloud.fault({ ...fault, operation, times: 1 });
    expect((await bed.answered()).status).toBe(200);
    await bed.gateway.untilPhase('stopped');
    await bed.gateway.untilPhase('absent');
    expect(bed.cloud.instances()).toEqual([]);
    expect(bed.cloud.maxConcurrentBilled()).toBe(1);
    expect(bed.gateway.running).toBe(true);
    expect(bed.gateway.log.filter(({ level }) => level >= 50)).toEqual([]);
  });

  it('that shows a new machine late in its list, and cut the answer to the create, gets no second create', async () => {
    // The security group is made first and takes its time: the lag begins long after the decision to create.
    const bed = await TestBed.start({ operationMs: 300 });
    bed.cloud.setListLagMs(1000);
    bed.cloud.fault({ operation: 'create-instance', times: 1, kind: 'reset-after' });
    expect((await bed.answered()).status).toBe(200);
    expect(bed.cloud.countCalls('create-instance')).toBe(1);
    expect(bed.cloud.instances()).toHaveLength(1);
  });

  it('never takes a machine away that serves', async () => {
    const bed = await TestBed.start();
    await bed.ready();
    bed.cloud.fault({ operation: '*', times: 1_000_000, kind: 'status', status: 500 });
    const before = bed.cloud.calls().length;
    await bed.gateway.until('some looks that failed', () => bed.cloud.calls().length > before + 5);
    expect((await bed.ollama.generate()).status).toBe(200);
    expect(await bed.gateway.status()).toMatchObject({ phase: 'ready', provisioning_status: 'ready' });
  });

  it('is told as such to those who ask for a machine, and is overcome without another request', async () => {
    const bed = await TestBed.start();
    bed.cloud.fault({ operation: '*', times: 1_000_000, kind: 'reset-before' });
    await bed.ollama.generate();
    await bed.gateway.until('the failure', ({ code }) => code === 'cloud_unavailable');
    expect((await bed.ollama.generate()).json()).toMatchObject({
      provisioning: true,
      status: 'error',
      code: 'cloud_unavailable',
      error: expect.stringMatching(/Exoscale did not answer list-instances/),
    });
    bed.cloud.clearFaults();
    await bed.gateway.untilPhase('ready');
  });
});

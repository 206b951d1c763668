/**
 * Calls to the cloud that are never answered. What bounds them is a time-out of a real socket (10 s for a read, 30 s for a
 * change), so the gateways of this suite wait side by side.
 */
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import type { Fault } from '../../src/sandbox/exoscale-simulator/faults.js';
import { endEverything } from '../support/endings.js';
import { TestBed } from '../support/test-bed.js';

jest.setTimeout(120_000);
afterEach(endEverything);

const HANGS: Pick<Fault, 'operation' | 'kind'>[] = [
  { operation: 'list-instances', kind: 'hang' },
  { operation: 'create-instance', kind: 'hang' },
  { operation: 'create-instance', kind: 'hang-after' },
  { operation: 'start-instance', kind: 'hang-after' },
];

describe('a call to the cloud that is never answered', () => {
  it('is given up, its outcome is looked up, and there is one machine in the end', async () => {
    const beds = await Promise.all(HANGS.map(() => TestBed.start()));
    const outcome = async (bed: TestBed, fault: (typeof HANGS)[number]): Promise<object> => {
      bed.cloud.fault({ ...fault, times: 1 });
      const { status } = await bed.answered(undefined, 90_000);
      const { length: machines } = bed.cloud.instances();
      return { ...fault, status, machines, most: bed.cloud.maxConcurrentBilled() };
    };
    const outcomes = await Promise.all(beds.map((bed, index) => outcome(bed, HANGS[index] as (typeof HANGS)[number])));
    expect(outcomes).toEqual(HANGS.map((fault) => ({ ...fault, status: 200, machines: 1, most: 1 })));
  });

  it('does not keep the gateway from answering', async () => {
    const bed = await TestBed.start();
    bed.cloud.fault({ operation: '*', times: 1_000_000, kind: 'hang' });
    for (let count = 0; count < 20; count += 1) {
      const reply = await bed.ollama.generate();
      expect([reply.status, reply.json().provisioning]).toEqual([503, true]);
    }
    expect((await bed.ollama.get('/status')).status).toBe(200);
    expect((await bed.ollama.get('/health/ready')).status).toBe(200);
  });
});

/** A machine that comes up and cannot serve the model: named, and not left running. */
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import type { Refusal } from '../../src/sandbox/fake-ollama/behaviour.js';
import { endEverything } from '../support/endings.js';
import { MODEL } from '../support/ollama-client.js';
import { TestBed } from '../support/test-bed.js';

jest.setTimeout(60_000);
afterEach(endEverything);

describe('a model that the machine cannot serve', () => {
  it.each<[string, Refusal, string, RegExp, string[]]>([
    ['does not exist', 'missing', 'model_missing', /OLLAMA_MODEL does not exist.*granite3\.1-dense:8b/, ['stopped']],
    ['does not fit on the disk', 'disk', 'disk_too_small', /no space left on device/, []],
    ['does not fit in the memory', 'load-error', 'model_failed', /cudaMalloc failed: out of memory/, ['stopped']],
  ])('because it %s is named, and the machine is not left running', async (_what, refusal, code, says, left) => {
    const bed = await TestBed.start();
    bed.machines.refuse(MODEL, refusal);
    await bed.ollama.generate();
    await bed.gateway.until('the failure', (now) => now.code === code);
    expect((await bed.ollama.generate()).json()).toMatchObject({
      provisioning: false,
      status: 'error',
      code,
      error: expect.stringMatching(says),
    });
    await bed.gateway.until('the machine is put away', () => {
      const states = bed.cloud.instances().map(({ state }) => state);
      return JSON.stringify(states) === JSON.stringify(left);
    });
    expect(bed.cloud.billed().filter(({ toMs }) => toMs === null)).toEqual([]);
    expect(await bed.gateway.status()).toMatchObject({ provisioning_status: 'error', remote_url: null, wanted: false });
  });

  it('is tried again by a request that comes after it has been mended', async () => {
    const bed = await TestBed.start();
    bed.machines.refuse(MODEL, 'load-error');
    await bed.ollama.generate();
    await bed.gateway.until('the failure', ({ code }) => code === 'model_failed');
    bed.machines.refuse(MODEL, null);
    const { retry_at: retryAt } = await bed.gateway.status();
    await bed.gateway.until('a minute has passed', () => Date.now() > Date.parse(String(retryAt)));
    expect((await bed.answered()).status).toBe(200);
    expect(bed.cloud.maxConcurrentBilled()).toBe(1);
  });
});

describe('a machine that loses its Ollama while it loads the model', () => {
  it('is given the model again, and serves', async () => {
    const bed = await TestBed.start({ machines: { pullMs: 5000 } });
    await bed.ollama.generate();
    await bed.gateway.until('some progress', ({ progress }) => (progress ?? 0) > 0);
    await bed.machines.crashNow(bed.instanceId);
    bed.machines.behaviour.pullMs = 50;
    await bed.gateway.until('a load that was broken off', ({ progress }) => progress === null);
    bed.machines.recover(bed.instanceId);
    expect((await bed.answered()).status).toBe(200);
    expect(bed.cloud.countCalls('start-instance')).toBe(1);
  });
});

describe('a machine that serves and dies', () => {
  it('is put away, and the one that comes back for the next request has its whole idle time', async () => {
    const users = { EXOSCALE_IDLE_TIMEOUT: '2', GATEWAY_HOLD_RESUME_SECONDS: '0' };
    const bed = await TestBed.start({ env: { ...users, GATEWAY_TIME_SCALE: '200' } });
    await bed.answered();
    await bed.machines.crashNow(bed.instanceId);
    await bed.gateway.untilPhase('stopped');
    await bed.gateway.wentThrough('booting', 'failed', 'stopped');
    await bed.ollama.generate();
    const { idle_stop_at: stopAt, phase_since: since } = await bed.gateway.untilPhase('ready');
    expect(Date.parse(String(stopAt)) - Date.parse(String(since))).toBe(2000);
  });
});

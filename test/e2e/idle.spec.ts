/** When the machine is stopped, and when it never is. Idle times are users' seconds: they pass in real time. */
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { endEverything } from '../support/endings.js';
import { TestBed } from '../support/test-bed.js';

jest.setTimeout(60_000);
afterEach(endEverything);

const IDLE_MS = 1000;
const IDLE_ENV = { EXOSCALE_IDLE_TIMEOUT: '1' };

describe('an idle machine', () => {
  it('is stopped, kept, and billed no more', async () => {
    const bed = await TestBed.start({ env: IDLE_ENV });
    await bed.ready();
    expect((await bed.ollama.generate()).status).toBe(200);
    const { last_activity: last, idle_stop_at: stopAt } = await bed.gateway.status();
    expect(Date.parse(String(stopAt)) - Date.parse(String(last))).toBe(IDLE_MS);
    expect(await bed.gateway.untilPhase('stopped')).toMatchObject({
      provisioning_status: 'idle',
      instance_status: 'stopped',
      remote_url: null,
      wanted: false,
      reason: 'stopped',
    });
    expect(bed.cloud.instances().map(({ state }) => state)).toEqual(['stopped']);
    const [billed, ...more] = bed.cloud.billed();
    expect(more).toEqual([]);
    expect(billed?.toMs).toBeGreaterThanOrEqual(Date.parse(String(stopAt)));
    await bed.gateway.wentThrough('draining', 'stopping', 'stopped');
  });

  it('is never stopped during a stream that is silent for longer than the idle time', async () => {
    const bed = await TestBed.start({ env: IDLE_ENV, machines: { tokens: 2, tokenMs: 1.5 * IDLE_MS } });
    bed.machines.behaviour.firstTokenMs = 1.5 * IDLE_MS;
    await bed.ready();
    const { status, text, tookMs } = await bed.ollama.generate();
    expect([status, text.trim().split('\n').length]).toEqual([200, 3]);
    expect(tookMs).toBeGreaterThan(3 * IDLE_MS - 50);
    expect(bed.cloud.countCalls('stop-instance')).toBe(0);
    expect(bed.gateway.log.filter(({ to }) => to === 'draining')).toEqual([]);
    await bed.gateway.untilPhase('stopped');
    expect(bed.cloud.countCalls('stop-instance')).toBe(1);
  });

  it('is not kept awake by clients that only poll', async () => {
    const bed = await TestBed.start({ env: IDLE_ENV });
    await bed.ready();
    let polling = true;
    const poll = async (): Promise<void> => {
      while (polling) {
        await bed.ollama.get('/api/tags');
        await bed.ollama.send({ method: 'HEAD', path: '/' });
        await bed.ollama.get('/v1/models');
        await bed.ollama.post('/api/show', { model: 'granite3.1-dense:8b' });
        await bed.ollama.get('/health/ready');
      }
    };
    const polls = poll();
    await bed.gateway.untilPhase('stopped');
    polling = false;
    await polls;
    expect(await bed.gateway.status()).toMatchObject({ phase: 'stopped', wanted: false });
  });

  it('that nobody has used since it is ready is stopped after GATEWAY_UNCLAIMED_SECONDS', async () => {
    const bed = await TestBed.start({ env: { GATEWAY_UNCLAIMED_SECONDS: '1' } });
    await bed.ready();
    await bed.gateway.untilPhase('stopped');
    expect(bed.cloud.instances().map(({ state }) => state)).toEqual(['stopped']);
  });

  it('is destroyed where GATEWAY_IDLE_ACTION is destroy', async () => {
    const bed = await TestBed.start({ env: { ...IDLE_ENV, GATEWAY_IDLE_ACTION: 'destroy' } });
    await bed.ready();
    expect(await bed.gateway.untilPhase('absent')).toMatchObject({ instance_status: null, instance_id: null });
    expect(bed.cloud.instances()).toEqual([]);
  });

  it('is destroyed when it has been stopped for GATEWAY_DESTROY_AFTER', async () => {
    const bed = await TestBed.start({ env: { ...IDLE_ENV, GATEWAY_DESTROY_AFTER: '1' } });
    await bed.ready();
    await bed.gateway.untilPhase('stopped');
    expect(bed.cloud.instances()).toHaveLength(1);
    await bed.gateway.untilPhase('absent');
    expect(bed.cloud.instances()).toEqual([]);
  });
});

describe('a request that comes while the machine stops', () => {
  it('gets the cold answer, and the same machine comes back without another request', async () => {
    const bed = await TestBed.start({ env: IDLE_ENV });
    await bed.ready();
    const id = bed.instanceId;
    bed.cloud.setOperationMs(500);
    await bed.gateway.untilPhase('stopping');
    const { status, headers, text } = await bed.ollama.generate();
    expect([status, headers['x-gateway-error']]).toEqual([503, 'provisioning']);
    expect(JSON.parse(text)).toMatchObject({ provisioning: true, status: 'provisioning', phase: 'stopping' });
    expect(await bed.gateway.status()).toMatchObject({ provisioning_status: 'provisioning', wanted: true });
    await bed.gateway.untilPhase('ready');
    expect((await bed.ollama.generate()).status).toBe(200);
    expect(bed.instanceId).toBe(id);
    await bed.gateway.wentThrough('stopping', 'stopped', 'starting', 'booting', 'loading', 'ready');
    expect(bed.cloud.countCalls('create-instance')).toBe(1);
  });
});

/** Requests that are sent away to protect the purse or the process: another status than the cold answer, for another cause. */
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { endEverything } from '../support/endings.js';
import { MODEL, type Reply } from '../support/ollama-client.js';
import { TestBed } from '../support/test-bed.js';

jest.setTimeout(60_000);
afterEach(endEverything);

describe('a machine that has been started GATEWAY_MAX_STARTS_PER_HOUR times', () => {
  it('is not started again, and the client is told until when, with nothing that makes it retry by itself', async () => {
    const bed = await TestBed.start({ env: { GATEWAY_MAX_STARTS_PER_HOUR: '1', GATEWAY_UNCLAIMED_SECONDS: '1' } });
    await bed.ready();
    await bed.gateway.untilPhase('stopped');
    const native = await bed.ollama.generate();
    expect([native.status, native.headers['x-gateway-error']]).toEqual([403, 'wake_refused']);
    expect(native.headers['retry-after']).toBeUndefined();
    expect(native.json()).toMatchObject({
      provisioning: false,
      retry_after: null,
      error: expect.stringMatching(/started 1 times within an hour .*may start again at 2\d{3}-\d\d-\d\dT/),
    });
    const anthropic = await bed.ollama.post('/v1/messages', { model: MODEL, messages: [] });
    expect(anthropic.json()).toMatchObject({ type: 'error', error: { type: 'permission_error' } });
    expect(await bed.gateway.status()).toMatchObject({ phase: 'stopped', wanted: false });
    expect((await bed.ollama.get('/api/tags')).status).toBe(200);
    expect(bed.cloud.countCalls('start-instance')).toBe(1);
  });
});

describe('a gateway with a thousand held requests', () => {
  it('holds no more: the next one is told to retry, and everybody is served in the end', async () => {
    const bed = await TestBed.start({
      link: 'plain',
      machines: { bootMs: Infinity },
      env: { GATEWAY_TIME_SCALE: '20' },
    });
    const wait = { Prefer: 'wait=60' };
    const held: Promise<Reply>[] = Array.from({ length: 1000 }, () => bed.ollama.generate({}, wait));
    await bed.gateway.until('a thousand are held', (status) => status.held === 1000);
    const { status, headers, text } = await bed.ollama.generate({}, wait);
    expect([status, headers['x-gateway-error']]).toEqual([429, 'held_limit']);
    expect(Number(headers['retry-after'])).toBeGreaterThan(0);
    expect(JSON.parse(text)).toMatchObject({ provisioning: true, code: 'held_limit' });

    await bed.gateway.untilPhase('booting');
    bed.machines.bootMs = 0;
    await bed.cloud.stopByHand(bed.instanceId);
    const replies = await Promise.all(held);
    expect(new Set(replies.map((reply) => reply.status))).toEqual(new Set([200]));
    expect(await bed.gateway.status()).toMatchObject({ held: 0, in_flight: 0 });
  });
});

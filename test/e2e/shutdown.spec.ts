/** Leaving in an orderly way (SIGTERM): readiness first, then the held, then the streams; the machine stays. */
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { endEverything } from '../support/endings.js';
import { eventually } from '../support/eventually.js';
import { MODEL, readReply, type OpenCall } from '../support/ollama-client.js';
import { TestBed, type TestBedOptions } from '../support/test-bed.js';

jest.setTimeout(60_000);
afterEach(endEverything);

const BODY = JSON.stringify({ model: MODEL, prompt: 'why is the sky blue?' });

function ask(bed: TestBed, headers: Record<string, string> = {}): OpenCall {
  const call = bed.ollama.open({ method: 'POST', path: '/api/generate', headers, body: BODY });
  call.request.end(BODY);
  return call;
}

/** A bed whose machine is ready and answers slowly. */
async function serving(options: TestBedOptions = {}): Promise<TestBed> {
  const bed = await TestBed.start({ ...options, machines: { tokens: 20, tokenMs: 100, ...options.machines } });
  await bed.ready();
  return bed;
}

const inFlight = (bed: TestBed, count: number): Promise<unknown> =>
  bed.gateway.until(`${count} in flight`, (status) => status.in_flight === count);

describe('a gateway that is asked to leave', () => {
  it('turns readiness off first, and takes requests while load balancers notice', async () => {
    const bed = await serving({ env: { GATEWAY_SHUTDOWN_DELAY_SECONDS: '2' }, machines: { tokenMs: 1 } });
    const leftMs = performance.now();
    bed.gateway.signal('SIGTERM');
    await eventually('readiness is off', async () => (await bed.ollama.get('/health/ready')).status === 503);
    const ready = await bed.ollama.get('/health/ready');
    expect(ready.json()).toMatchObject({ status: 'error', error: { gateway: { code: 'shutting_down' } } });
    expect((await bed.ollama.get('/health/live')).status).toBe(200);
    expect(await bed.gateway.status()).toMatchObject({ leaving: true, phase: 'ready' });
    const reply = await bed.ollama.generate();
    expect([reply.status, reply.headers.connection]).toEqual([200, 'close']);
    expect(await bed.gateway.exited).toEqual({ code: 0, signal: null });
    expect(performance.now() - leftMs).toBeGreaterThanOrEqual(1990);
  });

  it('tells those who are held to come again, and the machine goes on with the next process', async () => {
    const bed = await TestBed.start({ machines: { bootMs: 1000 } });
    const held = [ask(bed, { Prefer: 'wait=60' }), ask(bed, { Prefer: 'wait=60' })];
    await bed.gateway.until('both are held', (status) => status.held === 2);
    bed.gateway.signal('SIGTERM');
    for (const call of held) {
      const reply = await readReply(await call.response);
      expect([reply.status, reply.headers['x-gateway-error']]).toEqual([503, 'shutting_down']);
      expect(reply.json()).toMatchObject({ provisioning: true, code: 'shutting_down' });
      expect(Number(reply.headers['retry-after'])).toBeGreaterThan(0);
    }
    expect(await bed.gateway.exited).toEqual({ code: 0, signal: null });
    await bed.startGateway();
    await bed.gateway.untilPhase('ready');
    expect(bed.cloud.countCalls('create-instance')).toBe(1);
  });

  it('lets open streams finish, ends their connections, and leaves the machine running', async () => {
    const bed = await serving();
    bed.machines.behaviour.firstTokenMs = 500;
    const keepAlive = { Connection: 'keep-alive' };
    const streams = [ask(bed, keepAlive), ask(bed, keepAlive)];
    await inFlight(bed, 2);
    bed.gateway.signal('SIGTERM');
    for (const call of streams) {
      const response = await call.response;
      expect([response.statusCode, response.headers.connection]).toEqual([200, 'close']);
      expect((await readReply(response)).text.trim().split('\n')).toHaveLength(21);
    }
    expect(await bed.gateway.exited).toEqual({ code: 0, signal: null });
    expect(bed.machines.requests().filter(({ aborted }) => aborted)).toEqual([]);
    expect(bed.cloud.instances().map(({ state }) => state)).toEqual(['running']);
    expect(bed.cloud.countCalls('stop-instance')).toBe(0);
  });

  it('finishes a stream that has begun before, and refuses new requests meanwhile', async () => {
    const bed = await serving();
    const response = await ask(bed).response;
    bed.gateway.signal('SIGTERM');
    await bed.gateway.until(
      'the doors are closed',
      () => bed.gateway.logged('leaving: open streams may finish') !== undefined,
    );
    const refused = await bed.ollama.generate();
    expect([refused.status, refused.headers['x-gateway-error']]).toEqual([503, 'shutting_down']);
    expect((await readReply(response)).text).toContain('"done":true');
    expect(await bed.gateway.exited).toEqual({ code: 0, signal: null });
  });

  it('cuts what is still open after GATEWAY_DRAIN_SECONDS', async () => {
    const bed = await serving({ env: { GATEWAY_DRAIN_SECONDS: '1' }, machines: { tokens: 1_000_000 } });
    const response = await ask(bed).response;
    const end = readReply(response).then(
      () => 'complete',
      () => 'cut',
    );
    const leftMs = performance.now();
    expect(await bed.gateway.kill('SIGTERM')).toEqual({ code: 0, signal: null });
    expect(await end).toBe('cut');
    expect(performance.now() - leftMs).toBeGreaterThanOrEqual(990);
    await eventually('the machine hears of it', () => bed.machines.openStreams() === 0);
  });

  it.each(['SIGTERM', 'SIGINT'] as const)('twice (%s) leaves at once', async (signal) => {
    const bed = await serving({ env: { GATEWAY_DRAIN_SECONDS: '60' }, machines: { tokens: 1_000_000 } });
    await ask(bed).response;
    bed.gateway.signal(signal);
    await eventually('it is leaving', () =>
      bed.gateway.log.some(({ msg }) => msg.startsWith('leaving: open streams may finish')),
    );
    expect(await bed.gateway.kill(signal)).toEqual({ code: 1, signal: null });
  });

  it('does not wait for connections that only idle', async () => {
    const bed = await serving();
    const idle = ask(bed, { Connection: 'keep-alive' });
    await readReply(await idle.response);
    const leftMs = performance.now();
    expect(await bed.gateway.kill('SIGTERM')).toEqual({ code: 0, signal: null });
    expect(performance.now() - leftMs).toBeLessThan(4000);
  });

  it.each(['create-instance', 'start-instance'])(
    'in the middle of a %s leaves it recorded, and the next process goes on with the same machine',
    async (operation) => {
      const bed = await TestBed.start({ operationMs: 300 });
      await bed.ollama.generate();
      await eventually('the call has arrived', () => bed.cloud.countCalls(operation) === 1);
      expect(await bed.restartGateway('SIGTERM').then((next) => next.untilPhase('ready'))).toMatchObject({
        instance_id: bed.instanceId,
      });
      expect(bed.cloud.countCalls(operation)).toBe(1);
      expect(bed.cloud.maxConcurrentBilled()).toBe(1);
    },
  );

  it('keeps the idle clock: the next process stops the machine when the first one would have', async () => {
    const bed = await serving({ machines: { tokenMs: 1 } });
    await bed.ollama.generate();
    const { idle_stop_at: stopAt } = await bed.gateway.status();
    await bed.restartGateway('SIGTERM');
    expect(await bed.gateway.untilPhase('ready')).toMatchObject({ idle_stop_at: stopAt });
  });
});

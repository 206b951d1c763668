/** Requests that wait for the machine instead of being sent away (architecture.md §4, "Hold"). */
import { randomBytes } from 'node:crypto';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { endEverything } from '../support/endings.js';
import { type Call, MODEL } from '../support/ollama-client.js';
import { MARK, ScriptedOllama } from '../support/scripted-ollama.js';
import { TestBed, type TestBedOptions } from '../support/test-bed.js';

jest.setTimeout(60_000);
afterEach(endEverything);

/** A bed whose machine has been used and has gone to sleep. */
async function asleep(options: TestBedOptions = {}): Promise<TestBed> {
  const bed = await TestBed.start({ ...options, env: { GATEWAY_UNCLAIMED_SECONDS: '1', ...options.env } });
  await bed.ready();
  await bed.gateway.untilPhase('stopped');
  return bed;
}

describe('a request that meets a stopped machine', () => {
  it('is held while the machine resumes, and answered 200', async () => {
    const bed = await asleep();
    const reply = bed.ollama.generate();
    await bed.gateway.until('the request is held', ({ held }) => held === 1);
    const { status, text } = await reply;
    expect(status).toBe(200);
    expect(text).toContain('"done":true');
    expect(bed.cloud.countCalls('create-instance')).toBe(1);
    expect(bed.cloud.countCalls('start-instance')).toBe(2);
    expect(await bed.gateway.status()).toMatchObject({ held: 0, in_flight: 0 });
  });

  it('arrives byte for byte when the wait is over, whatever its size and framing', async () => {
    const machine = await ScriptedOllama.open();
    const bed = await asleep({ host: machine });
    const prompt = (bytes: number): Buffer =>
      Buffer.from(JSON.stringify({ model: MODEL, prompt: randomBytes(bytes / 2).toString('hex') }));
    const chunked = { 'Transfer-Encoding': 'chunked' };
    const bodies: Omit<Call, 'path'>[] = [
      { body: prompt(100) },
      { body: prompt(100), headers: chunked },
      { body: prompt(64 * 1024), headers: chunked },
      { body: prompt(300_000) },
      { body: prompt(300_000), headers: chunked },
      { body: randomBytes(1000), headers: { 'Content-Type': 'application/x-www-form-urlencoded' } },
      { body: Buffer.alloc(0), headers: chunked },
      { body: Buffer.alloc(0) },
    ];
    const paths = ['/api/generate', '/v1/chat/completions'];
    const calls = paths.flatMap((path) => bodies.map((call, index) => ({ ...call, path: `${path}?${index}` })));
    const replies = await Promise.all(
      calls.map(({ headers, ...call }) =>
        bed.ollama.send({ ...call, method: 'POST', headers: { ...(headers as object), [MARK]: '1' } }),
      ),
    );
    expect(replies.map(({ status, text }) => [status, text])).toEqual(calls.map(({ path }) => [200, `POST ${path}`]));
    const arrived = new Map(machine.received.map(({ url, body }) => [url, body]));
    for (const { path, body } of calls) expect(arrived.get(path)?.equals(body as Buffer)).toBe(true);
  });

  it('is not held where GATEWAY_HOLD_RESUME_SECONDS is 0', async () => {
    const bed = await asleep({ env: { GATEWAY_HOLD_RESUME_SECONDS: '0' } });
    expect((await bed.ollama.generate()).status).toBe(503);
    expect((await bed.answered()).status).toBe(200);
  });

  it('is answered 503 when the machine does not come in time, and the machine comes all the same', async () => {
    const bed = await asleep({ env: { GATEWAY_HOLD_RESUME_SECONDS: '2' } });
    bed.machines.bootMs = 2500;
    const reply = await bed.ollama.generate();
    expect([reply.status, reply.json().provisioning]).toEqual([503, true]);
    expect(reply.tookMs).toBeGreaterThanOrEqual(1990);
    await bed.gateway.untilPhase('ready');
  });
});

describe('a client that asks for a hold', () => {
  it.each([
    ['Prefer', 'wait=20'],
    ['Prefer', 'respond-async, wait=20'],
    ['X-Scale-Up-Timeout', '20'],
  ])('with %s: %s is served by a machine that has yet to be made', async (name, value) => {
    const bed = await TestBed.start();
    const { status, text } = await bed.ollama.generate({}, { [name]: value });
    expect(status).toBe(200);
    expect(text).toContain('"done":true');
    expect(await bed.gateway.status()).toMatchObject({ held: 0, in_flight: 0 });
  });

  it('is not held longer than GATEWAY_HOLD_MAX_SECONDS', async () => {
    const bed = await TestBed.start({ env: { GATEWAY_HOLD_MAX_SECONDS: '1' }, machines: { bootMs: Infinity } });
    const { status, tookMs } = await bed.ollama.generate({}, { Prefer: 'wait=600' });
    expect(status).toBe(503);
    expect(tookMs).toBeGreaterThanOrEqual(990);
  });

  it('is answered like any other when it asks without a number', async () => {
    const bed = await TestBed.start({ machines: { bootMs: Infinity } });
    expect((await bed.ollama.generate({}, { Prefer: 'wait=soon' })).status).toBe(503);
  });
});

describe('a held client that leaves', () => {
  it('leaves nothing behind, and its machine comes for the next one', async () => {
    const bed = await TestBed.start();
    const body = JSON.stringify({ model: MODEL, prompt: 'why?' });
    const calls = Array.from({ length: 20 }, () => {
      const call = { method: 'POST', path: '/api/generate', headers: { Prefer: 'wait=60' }, body };
      const open = bed.ollama.open(call);
      open.request.end(body);
      return open;
    });
    await bed.gateway.until('all are held', ({ held }) => held === calls.length);
    for (const call of calls) call.leave();
    await bed.gateway.until('nobody is held', ({ held, in_flight: inFlight }) => held === 0 && inFlight === 0);
    await bed.gateway.untilPhase('ready');
    expect(bed.machines.openStreams()).toBe(0);
    expect(await bed.gateway.status()).toMatchObject({ held: 0, in_flight: 0 });
  });

  it('in the middle of its body is not held for, and wakes nobody', async () => {
    const bed = await TestBed.start();
    const headers = { 'Transfer-Encoding': 'chunked', Prefer: 'wait=60' };
    const call = bed.ollama.open({ method: 'POST', path: '/api/generate', headers });
    call.request.write('{"model":');
    await bed.ollama.get('/status');
    call.leave();
    await bed.gateway.until('the departure is in the log', () =>
      bed.gateway.log.some((line) => line.msg === 'request' && line.path === '/api/generate'),
    );
    expect(await bed.gateway.status()).toMatchObject({ held: 0, in_flight: 0, wanted: false, phase: 'absent' });
  });
});

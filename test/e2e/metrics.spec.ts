/** `GET /metrics` over the life of a gateway: what its users, its machine and its cloud did is there, and nothing of them. */
import { randomBytes } from 'node:crypto';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { METRICS } from '../../src/modules/observability/metric-table.js';
import { AdminClient } from '../support/admin-client.js';
import { endEverything } from '../support/endings.js';
import { eventually } from '../support/eventually.js';
import { MODEL, readReply } from '../support/ollama-client.js';
import { RawConnection } from '../support/raw-connection.js';
import { MARK, ScriptedOllama } from '../support/scripted-ollama.js';
import { API_SECRET, TestBed, type TestBedOptions } from '../support/test-bed.js';

jest.setTimeout(60_000);
afterEach(endEverything);

/** The gateway's own series of one scrape, by name and labels without the prefix. */
async function scrape(bed: TestBed): Promise<Map<string, number>> {
  const text = await new AdminClient(bed.gateway.adminUrl).metrics();
  const lines = [...text.matchAll(/^ollama_gateway_(\S+) (\S+)$/gm)];
  return new Map(lines.map(([, series = '', value]) => [series, Number(value)]));
}

/** Resolves when these series have these values: a request is counted a moment after its answer has arrived. */
async function shows(bed: TestBed, expected: Record<string, number>): Promise<void> {
  let last = new Map<string, number>();
  const look = async (): Promise<boolean> => {
    last = await scrape(bed);
    return Object.entries(expected).every(([series, value]) => last.get(series) === value);
  };
  const explain = (): string => JSON.stringify(Object.keys(expected).map((series) => [series, last.get(series)]));
  await eventually('the metrics', look, { withinMs: 5000, explain });
}

const ask = (bed: TestBed, headers: Record<string, string> = {}) => {
  const body = JSON.stringify({ model: MODEL, prompt: 'why is the sky blue?' });
  const call = bed.ollama.open({ method: 'POST', path: '/api/generate', headers, body });
  call.request.end(body);
  return call;
};

describe('the metrics', () => {
  it('tell a cold start from the first 503 to the first answer', async () => {
    const bed = await TestBed.start();
    await bed.ready();
    await bed.ollama.generate();
    await shows(bed, {
      'requests_total{route_class="generate",code="503"}': 1,
      'requests_total{route_class="generate",code="200"}': 1,
      'cold_requests_total{outcome="provisioning"}': 1,
      'wakes_total{reason="request"}': 1,
      'phase{phase="ready"}': 1,
      'phase{phase="loading"}': 0,
      'phase_duration_seconds_count{phase="booting"}': 1,
      'time_to_ready_seconds_count{kind="create"}': 1,
      'time_to_first_byte_seconds_count{route_class="generate"}': 1,
      'cloud_calls_total{operation="create-instance",code="200"}': 1,
      'cloud_calls_total{operation="start-instance",code="200"}': 1,
      in_flight_requests: 0,
    });
    const now = await scrape(bed);
    expect(now.get('machine_seconds_total')).toBeGreaterThan(0);
    expect(now.get('estimated_cost_euros_total')).toBeCloseTo(
      (Number(now.get('machine_seconds_total')) / 3600) * 1.34028,
    );
  });

  it('tell who is held, who is served, and what a hold added to the first byte', async () => {
    const bed = await TestBed.start({ machines: { bootMs: 1200, tokens: 10, tokenMs: 100 } });
    const held = ask(bed, { Prefer: 'wait=60' });
    await shows(bed, { held_requests: 1, in_flight_requests: 0 });
    const response = await held.response;
    await shows(bed, { held_requests: 0, in_flight_requests: 1, 'cold_requests_total{outcome="served"}': 1 });
    await readReply(response);
    await shows(bed, { in_flight_requests: 0, 'time_to_first_byte_seconds_bucket{route_class="generate",le="1"}': 0 });
  });

  it('tell what a sleeping Ollama answers, who leaves, and what is refused', async () => {
    const bed = await TestBed.start({ machines: { bootMs: Number.POSITIVE_INFINITY } });
    await bed.ollama.get('/api/tags');
    await bed.ollama.get('/status');
    const held = ask(bed, { Prefer: 'wait=60' });
    await shows(bed, { held_requests: 1 });
    held.leave();
    const broken = await RawConnection.open(bed.gateway.url);
    broken.send('this is no request');
    await broken.closed;
    await shows(bed, {
      held_requests: 0,
      'requests_total{route_class="models",code="200"}': 1,
      'requests_total{route_class="generate",code="none"}': 1,
      'requests_total{route_class="other",code="400"}': 1,
      'cold_requests_total{outcome="answered_asleep"}': 1,
      'cold_requests_total{outcome="left"}': 1,
    });
    expect((await scrape(bed)).get('requests_total{route_class="own",code="200"}')).toBeGreaterThan(0);
  });

  it('tell how a machine failed', async () => {
    const machine = await ScriptedOllama.open();
    const bed = await TestBed.start({ host: machine });
    await bed.ready();
    machine.handler = (request) => request.socket.destroy();
    await bed.ollama.post('/v1/chat/completions', {}, { [MARK]: '1' });
    await shows(bed, {
      'upstream_errors_total{kind="unanswered"}': 1,
      'upstream_errors_total{kind="broken"}': 0,
      'requests_total{route_class="openai",code="502"}': 1,
    });
    machine.handler = (request, response) => {
      response.writeHead(200).write('{"response":"half"}\n', () => request.socket.destroy());
    };
    const call = bed.ollama.open({ method: 'POST', path: '/api/chat', headers: { [MARK]: '1' }, body: '{}' });
    call.request.end('{}');
    await expect(readReply(await call.response)).rejects.toMatchObject({ code: 'ECONNRESET' });
    await shows(bed, { 'upstream_errors_total{kind="broken"}': 1 });
  });

  it('tell how Exoscale answered', async () => {
    const bed = await TestBed.start();
    bed.cloud.fault({ operation: 'create-instance', times: 1, kind: 'status', status: 403, body: { message: 'no' } });
    await bed.ollama.generate();
    await bed.gateway.untilPhase('failed');
    await shows(bed, { 'cloud_calls_total{operation="create-instance",code="403"}': 1, 'phase{phase="failed"}': 1 });
  });
});

describe('whatever clients send', () => {
  const CANARY = `canary-${randomBytes(8).toString('hex')}`;
  const KEPT: TestBedOptions = { env: { GATEWAY_ADMIN_TOKEN: `token-${CANARY}` } };

  it('becomes no label, and adds no series beyond the closed lists', async () => {
    const bed = await TestBed.start(KEPT);
    const storm = Array.from({ length: 60 }, (_, i) => [
      bed.ollama.get(`/${CANARY}/${i}?${CANARY}`, { Authorization: `Bearer ${CANARY}`, 'X-Api-Key': CANARY }),
      bed.ollama.post(`/v1/${CANARY}-${i}`, { model: `${CANARY}-${i}`, prompt: CANARY }),
      bed.ollama.send({ method: 'PATCH', path: `/api/${CANARY}`, headers: { 'User-Agent': CANARY } }),
      bed.ollama.post('/api/show', { model: `${CANARY}-${i}` }, { 'X-Request-Id': `${CANARY}-${i}` }),
    ]);
    await Promise.all(storm.flat());
    await shows(bed, { 'requests_total{route_class="models",code="404"}': 60 });
    const admin = new AdminClient(bed.gateway.adminUrl);
    const text = await admin.metrics();
    expect(text).not.toContain(CANARY);
    expect(text).not.toContain(API_SECRET);
    expect((await scrape(bed)).size).toBeLessThan(250);
    for (const [, series = '', label = '', value = ''] of labelsOf(text)) {
      const row = Object.values(METRICS).find(({ name }) => series === name || series.startsWith(`${name}_`));
      if (label === 'le') continue;
      expect(row && Object.keys(row.labels)).toContain(label);
      const list = row?.labels[label];
      if (Array.isArray(list)) expect(list).toContain(value);
    }
  });
});

/** Every label of the gateway's own series: whole match, series, label, value. */
function* labelsOf(text: string): Generator<readonly string[]> {
  for (const [, series = '', labels = ''] of text.matchAll(/^(ollama_gateway_\w+)\{(.*)\} \S+$/gm)) {
    for (const [whole, label = '', value = ''] of labels.matchAll(/(\w+)="([^"]*)"/g))
      yield [whole, series, label, value];
  }
}

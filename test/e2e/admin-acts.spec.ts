/** What operators do by hand, over the admin listener: each act is done or refused for a reason, and written down. */
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { AdminClient } from '../support/admin-client.js';
import { endEverything } from '../support/endings.js';
import { MODEL, readReply, type OpenCall, type Reply } from '../support/ollama-client.js';
import { TestBed, type TestBedOptions } from '../support/test-bed.js';

jest.setTimeout(60_000);
afterEach(endEverything);

async function start(options: TestBedOptions = {}): Promise<{ bed: TestBed; admin: AdminClient }> {
  const bed = await TestBed.start(options);
  return { bed, admin: new AdminClient(bed.gateway.adminUrl) };
}

function openStream(bed: TestBed): OpenCall {
  const body = JSON.stringify({ model: MODEL, prompt: 'why is the sky blue?' });
  const call = bed.ollama.open({ method: 'POST', path: '/api/generate', body });
  call.request.end(body);
  return call;
}

const refusal = ({ status, headers, body }: Reply) => ({
  status,
  header: headers['x-gateway-error'],
  ...(JSON.parse(body.toString()) as object),
});

describe('POST /admin/wake', () => {
  it('starts the machine, without any request of a user', async () => {
    const { bed, admin } = await start();
    const reply = await admin.post('/admin/wake');
    expect([reply.status, reply.headers['content-type']]).toEqual([202, 'application/json; charset=utf-8']);
    expect(reply.json()).toMatchObject({ service: 'ollama-exoscale', wanted: true });
    await bed.gateway.untilPhase('ready');
    expect((await bed.ollama.generate()).status).toBe(200);
  });

  it('is refused by the flap guard, with the time when it ends', async () => {
    const env = { GATEWAY_MAX_STARTS_PER_HOUR: '1', GATEWAY_UNCLAIMED_SECONDS: '1' };
    const { bed, admin } = await start({ env });
    await admin.post('/admin/wake');
    await bed.gateway.untilPhase('stopped');
    expect(refusal(await admin.post('/admin/wake'))).toMatchObject({
      status: 403,
      header: 'wake_refused',
      code: 'wake_refused',
      provisioning: false,
      error: expect.stringMatching(/may start again at 2/),
    });
  });
});

describe('POST /admin/sleep', () => {
  it('stops the machine as if it were idle', async () => {
    const { bed, admin } = await start();
    await bed.ready();
    expect((await admin.post('/admin/sleep')).status).toBe(202);
    await bed.gateway.untilPhase('stopped');
    await bed.gateway.wentThrough('draining', 'stopping', 'stopped');
    expect(bed.cloud.instances().map(({ state }) => state)).toEqual(['stopped']);
  });

  it('is refused while a request is open, which goes on undisturbed', async () => {
    const { bed, admin } = await start({ machines: { tokens: 10, tokenMs: 50 } });
    await bed.ready();
    const stream = openStream(bed);
    const response = await stream.response;
    expect(refusal(await admin.post('/admin/sleep'))).toMatchObject({ status: 409, header: 'in_use', code: 'in_use' });
    expect((await readReply(response)).text).toContain('"done":true');
    expect((await bed.gateway.status()).phase).toBe('ready');
    expect((await admin.post('/admin/sleep')).status).toBe(202);
  });
});

describe('POST /admin/keep-awake', () => {
  it('keeps the machine from idling until that is taken back', async () => {
    const { bed, admin } = await start({ env: { EXOSCALE_IDLE_TIMEOUT: '1', GATEWAY_UNCLAIMED_SECONDS: '1' } });
    await admin.post('/admin/keep-awake', { seconds: 3600 });
    await bed.ready();
    const state = await admin.state();
    expect(Date.parse(String(state.keep_awake_until))).toBeGreaterThan(Date.now() + 3_500_000);
    expect(Date.parse(String(state.idle_stop_at))).toBeGreaterThan(Date.now() + 3_500_000);
    const reply = await admin.post('/admin/keep-awake', { until: null });
    expect(reply.json()).toMatchObject({ keep_awake_until: null });
    await bed.gateway.untilPhase('stopped');
  });

  it('takes a time, too', async () => {
    const { admin } = await start();
    const until = new Date(Date.now() + 86_400_000).toISOString();
    expect((await admin.post('/admin/keep-awake', { until })).json()).toMatchObject({ keep_awake_until: until });
  });
});

describe('POST /admin/destroy', () => {
  it('deletes the machine whose launch id it is told, and no other', async () => {
    const { bed, admin } = await start();
    await bed.ready();
    const { launch_id: launchId } = await admin.state();
    const wrong = await admin.post('/admin/destroy', { launch_id: 'another-one' });
    expect(refusal(wrong)).toMatchObject({ status: 409, header: 'wrong_launch', code: 'wrong_launch' });
    expect(bed.cloud.instances()).toHaveLength(1);
    expect((await admin.post('/admin/destroy', { launch_id: launchId })).status).toBe(202);
    await bed.gateway.untilPhase('absent');
    expect(bed.cloud.instances()).toEqual([]);
  });
});

describe('GET /admin/state', () => {
  it('is everything of /status and the record behind it', async () => {
    const { bed, admin } = await start();
    await bed.ready();
    const state = await admin.state();
    const status = await bed.gateway.status();
    expect(Object.keys(state)).toEqual(expect.arrayContaining(Object.keys(status)));
    expect(state).toMatchObject({
      instance_id: bed.instanceId,
      launch_id: expect.stringMatching(/./),
      fingerprint: expect.stringMatching(/^f[0-9a-f]{15}$/),
      keep_awake_until: null,
      failure: null,
      last_create_seconds: expect.any(Number),
      last_resume_seconds: null,
      newest_event: expect.any(Number),
    });
  });

  it('says why the last attempt failed', async () => {
    const { bed, admin } = await start();
    bed.cloud.fault({
      operation: 'create-instance',
      times: 1,
      kind: 'status',
      status: 403,
      body: { message: 'no such right' },
    });
    await admin.post('/admin/wake');
    await bed.gateway.untilPhase('failed');
    expect(await admin.state()).toMatchObject({ failure: { code: 'auth', heals: false, attempts: 1 } });
  });
});

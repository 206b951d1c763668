/** The admin listener itself: whom it serves, that it is the only one that does, and when it comes and goes. */
import { createServer, type AddressInfo } from 'node:net';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { AdminClient } from '../support/admin-client.js';
import { atEnd, endEverything } from '../support/endings.js';
import { eventually } from '../support/eventually.js';
import { GatewayProcess } from '../support/gateway-process.js';
import { MODEL, readReply } from '../support/ollama-client.js';
import { TestBed } from '../support/test-bed.js';

jest.setTimeout(60_000);
afterEach(endEverything);

const TOKEN = 'a-token-of-the-e2e-suite';
const OPEN = ['/status', '/health/live', '/health/ready', '/health/startup', '/metrics'];
const CLOSED = ['/admin/state', '/admin/events'];
const ACTS = ['/admin/wake', '/admin/sleep', '/admin/keep-awake', '/admin/destroy'];

describe('without a token, on loopback', () => {
  it('operators of this computer are served, and web pages of others are not', async () => {
    const bed = await TestBed.start();
    const admin = new AdminClient(bed.gateway.adminUrl);
    expect((await admin.get('/admin/state')).status).toBe(200);
    const rebound = await admin.post('/admin/wake', '', { Host: 'evil.example' });
    const forged = await admin.post('/admin/wake', '', { Origin: 'https://evil.example' });
    expect([rebound.status, forged.status]).toEqual([404, 404]);
    expect(await bed.gateway.status()).toMatchObject({ phase: 'absent', wanted: false });
  });
});

describe('with a token', () => {
  it('nothing under /admin works without it, and everything else does', async () => {
    const bed = await TestBed.start({ env: { GATEWAY_ADMIN_TOKEN: TOKEN } });
    const stranger = new AdminClient(bed.gateway.adminUrl, { Authorization: 'Bearer another-token-of-16' });
    for (const path of OPEN) expect([path, (await stranger.get(path)).status]).toEqual([path, 200]);
    const refused = [...CLOSED.map((path) => stranger.get(path)), ...ACTS.map((path) => stranger.post(path, {}))];
    for (const reply of await Promise.all(refused)) {
      expect([reply.status, reply.headers['www-authenticate']]).toEqual([401, 'Bearer']);
      expect(reply.json()).toMatchObject({ code: 'unauthorized', provisioning: false });
      expect(reply.text).not.toContain(TOKEN);
    }
    const admin = new AdminClient(bed.gateway.adminUrl, { Authorization: `Bearer ${TOKEN}`, Host: 'gateway.internal' });
    expect((await admin.get('/admin/state')).status).toBe(200);
    expect((await admin.post('/admin/wake')).status).toBe(202);
    await bed.gateway.untilPhase('ready');
    expect(JSON.stringify(bed.gateway.log)).not.toContain(TOKEN);
  });
});

describe('the public listener', () => {
  const SPELLINGS = [
    '/metrics',
    '/admin/state',
    '/admin/events',
    '//admin/state',
    '/x/../admin/state',
    '/%61dmin/state',
  ];

  it('serves nothing of it, whether the machine sleeps or runs: such paths are Ollama’s business', async () => {
    const bed = await TestBed.start();
    const look = async () => {
      for (const path of SPELLINGS) {
        const reply = await bed.ollama.get(path, { Host: 'localhost' });
        expect([path, reply.status, reply.text]).toEqual([path, 404, '404 page not found']);
      }
      for (const path of ACTS) expect([path, (await bed.ollama.post(path, {})).status]).toEqual([path, 404]);
    };
    await look();
    expect(await bed.gateway.status()).toMatchObject({ phase: 'absent', wanted: false });
    await bed.ready();
    await look();
    const arrived = bed.machines.requests().map(({ url }) => url);
    expect(arrived).toEqual(expect.arrayContaining([...SPELLINGS, ...ACTS]));
    expect((await bed.gateway.status()).phase).toBe('ready');
  });
});

describe('the life of the listener', () => {
  it('a port in use stops the start with one line', async () => {
    const { environment } = await TestBed.prepare();
    const server = createServer().listen(0, '127.0.0.1');
    atEnd(() => server.close());
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as AddressInfo;
    const gateway = GatewayProcess.spawn({ ...environment, GATEWAY_ADMIN_PORT: String(port) });
    expect(await gateway.exited).toEqual({ code: 1, signal: null });
    const line = `GATEWAY_ADMIN_HOST and GATEWAY_ADMIN_PORT: cannot listen on 127.0.0.1:${port} (EADDRINUSE)\n`;
    expect(gateway.stderr).toBe(line);
  });

  it('answers for as long as streams drain, and ends after them', async () => {
    const bed = await TestBed.start({ machines: { tokens: 20, tokenMs: 100 } });
    const admin = new AdminClient(bed.gateway.adminUrl);
    await bed.ready();
    const body = JSON.stringify({ model: MODEL, prompt: 'why is the sky blue?' });
    const stream = bed.ollama.open({ method: 'POST', path: '/api/generate', body });
    stream.request.end(body);
    const response = await stream.response;
    bed.gateway.signal('SIGTERM');
    await eventually('readiness is off', async () => (await admin.get('/health/ready')).status === 503);
    expect((await admin.get('/health/live')).status).toBe(200);
    expect(await admin.metrics()).toContain('\nollama_gateway_in_flight_requests 1\n');
    expect((await readReply(response)).text).toContain('"done":true');
    expect(await bed.gateway.exited).toEqual({ code: 0, signal: null });
    await expect(admin.get('/health/live')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });
});

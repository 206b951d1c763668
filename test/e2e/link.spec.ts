/** The private link as users and machines see it: what goes over it, what never does, and what the machine is told. */
import { once } from 'node:events';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import type { RecordedRequest } from '../../src/sandbox/fake-ollama/journal.js';
import { AdminClient } from '../support/admin-client.js';
import { endEverything } from '../support/endings.js';
import { eventually } from '../support/eventually.js';
import { MODEL, readReply, type OpenCall } from '../support/ollama-client.js';
import { TestBed } from '../support/test-bed.js';

jest.setTimeout(60_000);
afterEach(endEverything);

/** A request for words, sent whole, whose answer is the test's to read. */
function openStream(bed: TestBed): OpenCall {
  const call = bed.ollama.open({ method: 'POST', path: '/api/generate', headers: { 'Content-Type': 'text/plain' } });
  call.request.end(JSON.stringify({ model: MODEL, prompt: 'why is the sky blue?' }));
  return call;
}

describe('the private link', () => {
  it('is TLS, and brings the pieces of an answer one by one', async () => {
    const bed = await TestBed.start();
    await bed.ready();
    bed.machines.behaviour.tokens = Infinity;
    expect((await bed.gateway.status()).remote_url).toMatch(/^https:\/\/127\./);
    const response = await openStream(bed).response;
    const [first] = (await once(response, 'data')) as [Buffer];
    expect(first.toString()).toContain('"done":false');
    expect(bed.machines.openStreams()).toBe(1);
    bed.machines.behaviour.tokens = 0;
    expect((await readReply(response)).text).toContain('"done":true');
  });

  it('lets nobody in who has no key of this gateway', async () => {
    const bed = await TestBed.start();
    await bed.ready();
    const { remote_url: url } = await bed.gateway.status();
    for (const base of [String(url), String(url).replace('https', 'http')]) {
      await expect(fetch(`${base}/api/stranger`)).rejects.toThrow('fetch failed');
    }
    expect(bed.machines.requests().filter((one) => one.url === '/api/stranger')).toEqual([]);
  });

  it('has keys that are made once and kept for the gateway alone, so that a restart goes on where it was', async () => {
    const bed = await TestBed.start();
    await bed.ready();
    const path = join(String(bed.environment.GATEWAY_STATE_DIR), 'link-secret');
    const secret = readFileSync(path, 'utf8');
    expect(statSync(path).mode & 0o777).toBe(0o600);
    await bed.restartGateway('SIGKILL');
    await bed.gateway.untilPhase('ready');
    expect((await bed.ollama.generate()).status).toBe(200);
    expect(readFileSync(path, 'utf8')).toBe(secret);
    expect(bed.cloud.countCalls('create-instance')).toBe(1);
  });
});

describe('what a client sends', () => {
  const HOSTILE = {
    Host: 'evil.example',
    Authorization: 'Bearer of-the-client',
    Cookie: 'session=of-the-client',
    'X-Api-Key': 'of-the-client',
    'X-GW-Own': '1',
    'X-GW-Draining': '1',
    'X-Client': 'kept',
  };
  const arrived = (bed: TestBed, path: string): RecordedRequest[] =>
    bed.machines.requests().filter(({ url }) => url === path);

  it('as Host or as credentials never reaches the machine, and its mark for the gateway’s own requests is not believed', async () => {
    const bed = await TestBed.start();
    await bed.ready();
    expect(bed.machines.usesOf(bed.instanceId)).toBe(0);
    expect((await bed.ollama.generate({}, HOSTILE)).status).toBe(200);
    const [received] = arrived(bed, '/api/generate').slice(-1);
    expect(received?.headers).toMatchObject({ host: 'localhost:11434', 'x-client': 'kept' });
    const names = Object.keys(received?.headers ?? {});
    expect(names.filter((name) => /^(authorization|cookie|x-api-key|x-gw-.*)$/.test(name))).toEqual([]);
    expect(bed.machines.usesOf(bed.instanceId)).toBe(1);
  });

  it('as Host cannot disturb the stream of somebody else', async () => {
    const bed = await TestBed.start();
    await bed.ready();
    bed.machines.behaviour.tokens = Infinity;
    const stream = await openStream(bed).response;
    await once(stream, 'data');
    for (const host of ['evil.example', 'gpu.other.link.internal', '127.0.0.1', 'evil.example']) {
      expect((await bed.ollama.get('/api/tags', { ...HOSTILE, Host: host })).status).toBe(200);
    }
    expect(bed.machines.openStreams()).toBe(1);
    bed.machines.behaviour.tokens = 0;
    expect((await readReply(stream)).text).toContain('"done":true');
    expect(bed.gateway.log.filter(({ level }) => level >= 40)).toEqual([]);
  });
});

describe('the machine', () => {
  it('is told the idle timeout, and another one after it was changed', async () => {
    const bed = await TestBed.start();
    await bed.ready();
    const told = (seconds: number) =>
      eventually('the machine has been told', () => {
        return bed.machines.instructionsOf(bed.instanceId)?.idleTimeoutSec === seconds;
      });
    await told(300);
    await bed.restartGateway('SIGTERM', { EXOSCALE_IDLE_TIMEOUT: '400' });
    await told(400);
    expect(bed.cloud.countCalls('create-instance')).toBe(1);
  });

  it('is told until when it has to stay awake, and when it need not any more', async () => {
    const bed = await TestBed.start();
    await bed.ready();
    const admin = new AdminClient(bed.gateway.adminUrl);
    const told = (untilSec: number | null) =>
      eventually('the machine has been told', () => {
        return bed.machines.instructionsOf(bed.instanceId)?.keepAwakeUntilSec === untilSec;
      });
    const untilSec = Math.ceil(Date.now() / 1000) + 3600;
    await admin.post('/admin/keep-awake', { until: new Date(untilSec * 1000).toISOString() });
    await told(untilSec);
    await admin.post('/admin/keep-awake', { until: null });
    await told(null);
  });

  it('is not used by the gateway’s own requests', async () => {
    const bed = await TestBed.start();
    await bed.ready();
    expect(bed.machines.requests().map(({ url }) => url)).toEqual(
      expect.arrayContaining(['/api/pull', '/api/generate', '/api/ps']),
    );
    expect(bed.machines.usesOf(bed.instanceId)).toBe(0);
  });
});

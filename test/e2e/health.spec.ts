/** Probes of orchestrators. A sleeping gateway is a healthy one; state and shutdown have suites of their own. */
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { endEverything } from '../support/endings.js';
import { TestBed } from '../support/test-bed.js';

jest.setTimeout(60_000);

const PROBES = ['/health/live', '/health/ready', '/health/startup'];

describe('the probes', () => {
  let bed: TestBed;
  beforeAll(async () => void (bed = await TestBed.start({ env: { EXOSCALE_IDLE_TIMEOUT: '1' } })));
  afterAll(endEverything);

  const statuses = (): Promise<number[]> =>
    Promise.all(PROBES.map(async (path) => (await bed.ollama.get(path)).status));

  it('are green in every phase of a machine’s life, and change none of it', async () => {
    expect(await statuses()).toEqual([200, 200, 200]);
    expect(await bed.gateway.status()).toMatchObject({ phase: 'absent', wanted: false });
    await bed.ollama.generate();
    for (let phase = ''; phase !== 'stopped'; phase = (await bed.gateway.status()).phase) {
      expect(await statuses()).toEqual([200, 200, 200]);
    }
    await bed.gateway.wentThrough('booting', 'loading', 'ready', 'draining', 'stopping', 'stopped');
  });

  it.each(PROBES)('%s says what it has looked at', async (path) => {
    const reply = await bed.ollama.get(path);
    expect(reply.headers['content-type']).toBe('application/json; charset=utf-8');
    expect(reply.json()).toMatchObject({ status: 'ok', error: {} });
  });

  it('have no other method, and no other path', async () => {
    expect((await bed.ollama.post('/health/live', {})).status).toBe(404);
    expect((await bed.ollama.get('/health/nosuch')).status).toBe(404);
    expect((await bed.gateway.status()).phase).toBe('stopped');
  });

  it('are not what the log is full of', async () => {
    await statuses();
    expect(bed.gateway.log.filter(({ path }) => PROBES.includes(String(path)))).toEqual([]);
  });
});

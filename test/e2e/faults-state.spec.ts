/** A state folder that takes no writes: what cannot be recorded is not begun, and what serves goes on serving. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Sqlite } from '../../src/modules/state-store/sqlite-driver.js';
import { atEnd, endEverything } from '../support/endings.js';
import { canMount, SmallTmpfs } from '../support/small-tmpfs.js';
import { linkSecret, TestBed } from '../support/test-bed.js';

jest.setTimeout(60_000);
afterEach(endEverything);

/** No wake is taken, and everybody who asks is told why. */
async function expectNoWakeTaken(bed: TestBed, says: RegExp): Promise<void> {
  const reply = await bed.ollama.generate();
  expect([reply.status, reply.headers['x-gateway-error']]).toEqual([503, 'state_unavailable']);
  expect(reply.json()).toMatchObject({ provisioning: true, error: expect.stringMatching(says) });
  expect(await bed.gateway.status()).toMatchObject({
    code: 'state_unavailable',
    error: expect.stringMatching(says),
    phase: 'absent',
    wanted: false,
  });
  const ready = await bed.ollama.get('/health/ready');
  expect([ready.status, ready.json()]).toMatchObject([503, { error: { state_store: { code: 'state_unavailable' } } }]);
  expect((await bed.ollama.get('/health/live')).status).toBe(200);
  expect((await bed.ollama.get('/api/tags')).status).toBe(200);
  expect(bed.cloud.countCalls('create-instance')).toBe(0);
}

describe('a state folder that cannot be made', () => {
  let base: string;
  beforeEach(() => {
    base = mkdtempSync(join(tmpdir(), 'state-fault-'));
    atEnd(() => rmSync(base, { recursive: true }));
  });

  it('lets the gateway start, takes no wake, and is used as soon as it can be', async () => {
    const file = join(base, 'file');
    writeFileSync(file, 'in the way');
    const env = { GATEWAY_STATE_DIR: join(file, 'state'), GATEWAY_LINK_SECRET: linkSecret(1) };
    const bed = await TestBed.start({ env });
    await expectNoWakeTaken(bed, /file\/state is unusable: it cannot be opened/);
    rmSync(file);
    await bed.gateway.until('the state works', ({ code }) => code === undefined);
    expect((await bed.ollama.get('/health/ready')).status).toBe(200);
    expect((await bed.answered()).status).toBe(200);
  });
});

describe('a state folder that another gateway uses', () => {
  it('is left to it: the second gateway takes no wake, and goes on when the first one has ended', async () => {
    const bed = await TestBed.start();
    await bed.ready();
    const first = bed.gateway;
    await bed.startGateway();
    const reply = await bed.ollama.generate();
    expect(reply.json()).toMatchObject({
      code: 'state_unavailable',
      error: expect.stringMatching(/another process uses it/),
    });
    expect((await first.ollama.generate()).status).toBe(200);
    await first.kill('SIGKILL');
    expect((await bed.answered()).status).toBe(200);
    expect(bed.cloud.countCalls('create-instance')).toBe(1);
    expect(bed.cloud.maxConcurrentBilled()).toBe(1);
  });
});

describe('a state folder that stops taking writes', () => {
  /** Until it is released, no write of the gateway gets through. */
  const block = (bed: TestBed): (() => void) => {
    const database = new Sqlite(join(String(bed.environment.GATEWAY_STATE_DIR), 'state.db'));
    atEnd(() => database.close());
    database.exec('BEGIN IMMEDIATE');
    return () => database.exec('ROLLBACK');
  };

  it('takes no wake, and works again by itself', async () => {
    const bed = await TestBed.start();
    const release = block(bed);
    // Nobody has noticed yet: this very request is the first that cannot be recorded.
    await expectNoWakeTaken(bed, /is unusable/);
    release();
    expect((await bed.answered()).status).toBe(200);
    expect(bed.cloud.countCalls('create-instance')).toBe(1);
  });

  it('does not keep a machine that is ready from serving, nor readiness from saying so', async () => {
    const bed = await TestBed.start();
    await bed.ready();
    const release = block(bed);
    await bed.gateway.until('it is noticed', ({ code }) => code === 'state_unavailable');
    expect((await bed.ollama.generate()).status).toBe(200);
    expect((await bed.ollama.get('/health/ready')).status).toBe(200);
    release();
    await bed.gateway.until('it works again', ({ code }) => code === undefined);
  });

  (canMount ? it : it.skip)('because the disk is full does the same', async () => {
    const disk = new SmallTmpfs(1024);
    const bed = await TestBed.start({ env: { GATEWAY_STATE_DIR: disk.dir } });
    disk.fill();
    await bed.gateway.until('it is noticed', ({ code }) => code === 'state_unavailable');
    await expectNoWakeTaken(bed, /the disk is full/);
    disk.free();
    expect((await bed.answered()).status).toBe(200);
    expect(bed.cloud.countCalls('create-instance')).toBe(1);
    await bed.gateway.kill('SIGKILL');
  });
});

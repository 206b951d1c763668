/** A whole life of a machine with a key that may do what docs/iam-policy.json says, and nothing else. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { atEnd, endEverything } from '../support/endings.js';
import { ALLOWED_OPERATIONS, LEAST_PRIVILEGE, policyWithout } from '../support/least-privilege.js';
import { linkSecret, TestBed } from '../support/test-bed.js';

jest.setTimeout(60_000);
afterEach(endEverything);

const account = { policy: LEAST_PRIVILEGE };

describe('a gateway whose key has the least privilege', () => {
  it('creates, stops, resumes, replaces, takes over and deletes, and uses all of it', async () => {
    const bed = await TestBed.start({ account, env: { GATEWAY_LINK_SECRET: linkSecret(1) } });
    const { preflight } = await bed.gateway.until('the pre-flight', (status) => status.preflight.length > 0);
    expect(preflight.map(({ check, level }) => `${check}: ${level}`).sort()).toEqual([
      'clock: ok',
      'credentials: ok',
      'instance_type: ok',
      'leftovers: ok',
      'quota: ok',
      'template: ok',
      'zone: ok',
    ]);
    await bed.ready();
    const first = bed.instanceId;

    await bed.restartGateway('SIGTERM', { EXOSCALE_IDLE_TIMEOUT: '1' });
    await bed.gateway.untilPhase('stopped');
    expect((await bed.answered()).status).toBe(200);
    expect(bed.instanceId).toBe(first);

    // The networks of the link are fixed at creation: another machine is made, and the rules of its group are corrected.
    const moved = { GATEWAY_LINK_CIDRS: '127.0.0.2/32' };
    await bed.restartGateway('SIGTERM', { ...moved, EXOSCALE_IDLE_TIMEOUT: '1' });
    await bed.gateway.untilPhase('absent');
    await bed.restartGateway('SIGTERM', moved);
    expect((await bed.answered()).status).toBe(200);
    const second = bed.instanceId;
    expect(second).not.toBe(first);

    const { owner } = await bed.gateway.status();
    await bed.gateway.kill('SIGKILL');
    const dir = mkdtempSync(join(tmpdir(), 'gateway-heir-'));
    atEnd(() => rmSync(dir, { recursive: true }));
    const heir = { GATEWAY_STATE_DIR: dir, GATEWAY_ADOPT_OWNER: String(owner), GATEWAY_UNCLAIMED_SECONDS: '1' };
    await bed.startGateway({ ...moved, ...heir });
    await bed.gateway.untilPhase('stopped');
    expect(bed.instanceId).toBe(second);

    const signed = bed.cloud.calls().filter((call) => call.signed);
    expect(signed.filter(({ status }) => status === 403)).toEqual([]);
    expect([...new Set(signed.map(({ operationId }) => operationId))].sort()).toEqual([...ALLOWED_OPERATIONS].sort());
  });
});

describe('a gateway whose key may not create', () => {
  it('says so to its clients in words that a person can act on', async () => {
    const bed = await TestBed.start({ account: { policy: policyWithout('create-instance') } });
    await bed.ollama.generate();
    await bed.gateway.until('the refusal', ({ code }) => code === 'auth');
    const reply = await bed.ollama.generate();
    expect([reply.status, reply.headers['x-gateway-error']]).toEqual([503, 'auth']);
    expect(reply.json()).toMatchObject({
      provisioning: false,
      error: expect.stringContaining('403 to create-instance: Forbidden by role policy for compute'),
    });
    expect(bed.cloud.instances()).toEqual([]);
  });
});

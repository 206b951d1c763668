/** What a start says about access. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { endEverything } from '../support/endings.js';
import { GatewayProcess } from '../support/gateway-process.js';
import { TestBed } from '../support/test-bed.js';

jest.setTimeout(60_000);
afterEach(endEverything);

async function prepare(keys: string): Promise<{ bed: TestBed; file: string }> {
  const bed = await TestBed.prepare();
  const file = join(String(bed.environment.GATEWAY_STATE_DIR), 'keys');
  writeFileSync(file, keys);
  return { bed, file };
}

const warnings = (bed: TestBed): string[] => bed.gateway.log.filter(({ level }) => level === 40).map(({ msg }) => msg);

describe('a file of keys with faults', () => {
  it('stops the start with one line each, and tells nothing of what stands there', async () => {
    const { bed, file } = await prepare('# keys\nalice:sk-secret\n\nsk-secret\n');
    const gateway = GatewayProcess.spawn({ ...bed.environment, GATEWAY_API_KEYS_FILE: file });
    expect(await gateway.exited).toEqual({ code: 1, signal: null });
    expect(gateway.stderr.trim().split('\n')).toEqual([
      expect.stringMatching(/^GATEWAY_API_KEYS_FILE line 2 must be name:sha256-of-the-key/),
      expect.stringMatching(/^GATEWAY_API_KEYS_FILE line 4 must be name:sha256-of-the-key/),
    ]);
    expect(gateway.stderr).not.toContain('secret');
  });

  it('that is not there stops the start, too', async () => {
    const { bed } = await prepare('');
    const gateway = GatewayProcess.spawn({ ...bed.environment, GATEWAY_API_KEYS_FILE: '/nowhere/keys' });
    expect(await gateway.exited).toEqual({ code: 1, signal: null });
    expect(gateway.stderr).toBe('GATEWAY_API_KEYS_FILE cannot be read (ENOENT)\n');
  });
});

describe('a file without a key', () => {
  it('lets nobody in, which is said', async () => {
    const { bed, file } = await prepare('# nobody yet\n');
    await bed.startGateway({ GATEWAY_API_KEYS_FILE: file });
    expect(warnings(bed)).toContain('GATEWAY_API_KEYS_FILE has no key: nobody gets in');
    expect((await bed.ollama.get('/api/tags', { Authorization: 'Bearer ' })).status).toBe(401);
  });
});

describe('a listener that everybody can reach', () => {
  const SAYS = /^Everybody who can reach 0\.0\.0\.0 port \d+ may use the machine: set GATEWAY_API_KEYS_FILE/;

  it('is warned of in the log and in /status', async () => {
    const bed = await TestBed.prepare();
    await bed.startGateway({ HOST: '0.0.0.0' });
    expect(warnings(bed)).toEqual([expect.stringMatching(SAYS)]);
    expect((await bed.gateway.status()).access_warning).toMatch(SAYS);
  });

  it('is not when a key is needed', async () => {
    const { bed, file } = await prepare(`alice:${'0'.repeat(64)}`);
    await bed.startGateway({ HOST: '0.0.0.0', GATEWAY_API_KEYS_FILE: file });
    expect(warnings(bed)).toEqual([]);
  });

  it('is not when only this computer reaches it', async () => {
    const bed = await TestBed.start();
    expect(warnings(bed)).toEqual([]);
    expect(await bed.gateway.status()).not.toHaveProperty('access_warning');
  });
});

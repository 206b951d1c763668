/** What a test can learn of a simulated machine's end of the link, and what it can do to it. The link itself: test/contracts. */
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { LinkClient } from '../../../test/support/link-client.js';
import { until } from '../../../test/support/until.js';
import { TEST_CERTIFICATE, TEST_KEY } from '../../../test/support/test-certificate.js';
import { MachineSimulator } from './machine-simulator.js';

const PACE = { port: 0, bootMs: 0, pullMs: 0, loadMs: 0, tokenMs: 0, tokens: 1 };

describe('the link of a simulated machine', () => {
  let machines: MachineSimulator;
  let url: string;
  beforeEach(async () => {
    machines = new MachineSimulator({ ...PACE, models: ['granite:2b'] });
    url = `http://${await machines.start('a', null)}:${await machines.reservePort()}`;
    await serving();
  });
  afterEach(() => machines.close());

  const serving = (): Promise<void> => until(() => machines.instructionsOf('a') !== null);
  const call = async (method: string, path: string, body?: string, headers: Record<string, string> = {}) =>
    (await fetch(`${url}${path}`, { method, body, headers })).text();
  const put = (word: string, body: string) => call('PUT', `/__link/${word}`, body);

  it('tells a test what the gateway has told the machine, until the machine boots again', async () => {
    expect(machines.instructionsOf('a')).toEqual({ idleTimeoutSec: null, keepAwakeUntilSec: null });
    await put('idle-timeout', '1800\n');
    await put('keep-awake', '1790000000\n');
    await put('drain', '');
    expect(machines.instructionsOf('a')).toEqual({ idleTimeoutSec: 1800, keepAwakeUntilSec: 1_790_000_000 });
    expect(machines.isLatched('a')).toBe(true);
    await machines.crashNow('a');
    expect([machines.instructionsOf('a'), machines.isLatched('a')]).toEqual([null, false]);
    machines.recover('a');
    await serving();
    expect(machines.instructionsOf('a')).toEqual({ idleTimeoutSec: null, keepAwakeUntilSec: null });
  });

  it('counts what somebody else is doing on the machine among the requests in progress', async () => {
    machines.busyWith(2);
    expect(await call('GET', '/__link/status')).toMatch(/^Reading: 0 Writing: 3 Waiting: \d+ $/m);
    machines.busyWith(0);
    expect(await call('GET', '/__link/status')).toMatch(/^Reading: 0 Writing: 1 Waiting: \d+ $/m);
  });

  it('counts the requests that are use of the machine', async () => {
    const show = '{"model":"granite:2b"}';
    await call('GET', '/api/tags');
    await call('POST', '/api/show', show);
    await call('POST', '/api/generate', show, { 'x-gw-own': '1' });
    expect(machines.usesOf('a')).toBe(0);
    await call('POST', '/api/generate', show);
    expect(machines.usesOf('a')).toBe(1);
  });

  it('comes up with other keys after they were forged', async () => {
    const files = { 'ca.pem': TEST_CERTIFICATE, 'server.pem': TEST_CERTIFICATE, 'server.key': TEST_KEY };
    const items = Object.entries(files).map(
      ([name, pem]) =>
        `  - path: /etc/ollama-gateway/link/${name}\n    content: |\n${pem.replaceAll(/^(?=.)/gm, '      ')}`,
    );
    machines.forgeKeys('a', gzipSync(`write_files:\n${items.join('')}`).toString('base64'));
    expect(await call('GET', '/')).toBe('Ollama is running');
    await machines.crashNow('a');
    machines.recover('a');
    await serving();
    const { hostname: host, port } = new URL(url);
    const client = new LinkClient({ host, port: Number(port) }, { servername: 'api.exoscale.test' });
    expect(await client.outcome({ ca: TEST_CERTIFICATE })).toBe(400);
  });
});

/** What stops a start: one line per fault, exit code 1, and never a secret in it. */
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { atEnd, endEverything } from '../support/endings.js';
import { GatewayProcess } from '../support/gateway-process.js';
import { API_SECRET, TestBed } from '../support/test-bed.js';

jest.setTimeout(60_000);
afterEach(endEverything);

/** Runs a start that fails and answers the lines it gives. */
async function faultsOf(environment: Record<string, string>): Promise<string[]> {
  const gateway = GatewayProcess.spawn({ PATH: String(process.env.PATH), ...environment });
  expect(await gateway.exited).toEqual({ code: 1, signal: null });
  return gateway.stderr.split('\n').filter((line) => line !== '');
}

describe('a start without any environment', () => {
  it('names what is missing, one line each', async () => {
    expect(await faultsOf({})).toEqual([
      expect.stringMatching(/^EXOSCALE_API_KEY is required/),
      expect.stringMatching(/^EXOSCALE_API_SECRET is required/),
    ]);
  });
});

describe('a start with a wrong setting', () => {
  it('names each of them with what it must be and what it is', async () => {
    const { environment } = await TestBed.prepare();
    const wrong = {
      PORT: '99999',
      EXOSCALE_DISK_SIZE: 'big',
      EXOSCALE_IDLE_TIMEOUT: '0',
      EXOSCALE_INSTANCE_TYPE: 'a5000',
      EXOSCALE_API_ENDPOINT: 'ftp://nowhere',
      OLLAMA_MODEL: 'no spaces, please',
      GATEWAY_POOL: 'My Pool',
      GATEWAY_LINK_CIDRS: '300.0.0.1/8',
      GATEWAY_IDLE_ACTION: 'sleep',
    };
    const faults = await faultsOf({ ...environment, ...wrong });
    expect(faults.map((line) => line.split(' ')[0]).sort()).toEqual(Object.keys(wrong).sort());
    expect(faults).toContainEqual(
      expect.stringMatching(/^EXOSCALE_DISK_SIZE must be a whole number .*GiB.* \(got "big"\)$/),
    );
  });

  it.each<[string, string, RegExp]>([
    ['GATEWAY_IDEL_ACTION', 'stop', /^GATEWAY_IDEL_ACTION is not a setting of this gateway/],
    ['DATABASE_URL', 'postgres://u:hunter2@db/x', /^DATABASE_URL is not built yet in this release/],
    ['GATEWAY_LINK', 'tls', /^GATEWAY_LINK must be mtls or plain/],
    ['GATEWAY_LINK_SECRET', 'hunter2', /^GATEWAY_LINK_SECRET must be 32 or more random bytes/],
    ['GATEWAY_ADMIN_TOKEN', 'hunter2', /^GATEWAY_ADMIN_TOKEN must be one word of 16 or more/],
    ['GATEWAY_MODEL_MANAGEMENT', 'no', /^GATEWAY_MODEL_MANAGEMENT must be allow or deny/],
    ['EXOSCALE_API_ENDPOINT', 'https://api-{zone}.exoscale.com/v2', /^GATEWAY_TIME_SCALE is for the sandbox/],
    ['EXOSCALE_API_SECRET_FILE', '/etc/passwd', /^EXOSCALE_API_SECRET is set twice/],
  ])('%s=%s is answered with one line', async (name, value, says) => {
    const { environment } = await TestBed.prepare();
    const faults = await faultsOf({ ...environment, [name]: value });
    expect(faults).toEqual([expect.stringMatching(says)]);
    expect(faults.join()).not.toMatch(/hunter2/);
  });

  it.each<[string, string, RegExp]>([
    ['GATEWAY_ALLOW_PLAIN_LINK', 'false', /^GATEWAY_ALLOW_PLAIN_LINK must be true for GATEWAY_LINK=plain/],
    ['GATEWAY_LINK_CIDRS', '', /^GATEWAY_LINK_CIDRS is required for GATEWAY_LINK=plain/],
  ])('%s=%s is answered with one line where the link is plain', async (name, value, says) => {
    const { environment } = await TestBed.prepare({ link: 'plain' });
    expect(await faultsOf({ ...environment, [name]: value })).toEqual([expect.stringMatching(says)]);
  });

  it('never shows a secret', async () => {
    const { environment } = await TestBed.prepare();
    const faults = await faultsOf({ ...environment, EXOSCALE_API_SECRET_FILE: '/nowhere', PORT: 'x' });
    expect(faults).toHaveLength(2);
    expect(faults.join()).not.toContain(API_SECRET);
  });
});

describe('a start', () => {
  it('with a port in use says so in one line', async () => {
    const { environment } = await TestBed.prepare();
    const server = createServer().listen(0, '127.0.0.1');
    atEnd(() => server.close());
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as AddressInfo;
    const faults = await faultsOf({ ...environment, PORT: String(port) });
    expect(faults).toEqual([`HOST and PORT: cannot listen on 127.0.0.1:${port} (EADDRINUSE)`]);
  });

  it('that can neither keep nor read the secret of the link says so in one line', async () => {
    const { environment } = await TestBed.prepare();
    const faults = await faultsOf({ ...environment, GATEWAY_STATE_DIR: '/dev/null/state' });
    expect(faults).toEqual([
      'GATEWAY_STATE_DIR: the link secret cannot be kept in /dev/null/state/link-secret (ENOTDIR)',
    ]);
  });

  it('takes secrets from files', async () => {
    const bed = await TestBed.prepare();
    const file = join(String(bed.environment.GATEWAY_STATE_DIR), 'secret');
    writeFileSync(file, `${API_SECRET}\n`);
    await bed.startGateway({ EXOSCALE_API_SECRET: '', EXOSCALE_API_SECRET_FILE: file });
    expect((await bed.answered()).status).toBe(200);
  });

  it('ignores Ollama settings of the shell that are not passed on, and says so', async () => {
    const bed = await TestBed.prepare();
    await bed.startGateway({ OLLAMA_HOST: '0.0.0.0:11434', OLLAMA_KEEP_ALIVE: '5m' });
    const warnings = bed.gateway.log.filter(({ level }) => level === 40).map(({ msg }) => msg);
    expect(warnings).toEqual([
      expect.stringMatching(/^OLLAMA_HOST is ignored/),
      expect.stringMatching(/^OLLAMA_KEEP_ALIVE is ignored/),
    ]);
  });

  it('works in spite of the proxies of the shell, for what is on this host', async () => {
    const nowhere = 'http://127.0.0.1:9';
    const bed = await TestBed.prepare();
    await bed.startGateway({ HTTP_PROXY: nowhere, http_proxy: nowhere, HTTPS_PROXY: nowhere, ALL_PROXY: nowhere });
    expect((await bed.answered()).status).toBe(200);
  });
});

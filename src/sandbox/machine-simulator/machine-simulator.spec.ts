/** Simulated machines over real loopback sockets; boots take as long as the test says. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ManualClock } from '../../../test/support/manual-clock.js';
import { until } from '../../../test/support/until.js';
import { MachineSimulator, type MachineSimulatorOptions } from './machine-simulator.js';

const BOOT_MS = 5000;
const PACE = { port: 0, bootMs: BOOT_MS, pullMs: 100, loadMs: 0, tokenMs: 0, tokens: 3 };

describe('a simulated machine', () => {
  let clock: ManualClock;
  let machines: MachineSimulator;
  const use = (options: Partial<MachineSimulatorOptions> = {}): void => {
    clock = new ManualClock();
    machines = new MachineSimulator({ ...PACE, clock, ...options });
  };
  beforeEach(() => use());
  afterEach(() => machines.close());

  /** Starts a machine and answers where it will serve. */
  const started = async (id: string): Promise<string> =>
    `http://${await machines.start(id, null)}:${await machines.reservePort()}`;
  const answers = async (url: string): Promise<boolean> =>
    fetch(url).then(
      (response) => response.ok,
      () => false,
    );
  /** Starts a machine and waits until Ollama answers. */
  const booted = async (id: string): Promise<string> => {
    const url = await started(id);
    await clock.advance(BOOT_MS);
    while (!(await answers(url)));
    return url;
  };
  const modelsAt = async (url: string): Promise<string[]> => {
    const body = (await (await fetch(`${url}/api/tags`)).json()) as { models: { name: string }[] };
    return body.models.map((one) => one.name);
  };
  const pull = async (url: string): Promise<void> => {
    let pulled = false;
    const request = { method: 'POST', body: JSON.stringify({ model: 'granite:2b', stream: false }) };
    const answer = fetch(`${url}/api/pull`, request).then(() => (pulled = true));
    while (!pulled) await clock.advance(100);
    await answer;
  };

  it('has an address at once and answers only after its boot', async () => {
    const url = await started('a');
    expect(url).toMatch(/^http:\/\/127\.\d+\.\d+\.\d+:/);
    await clock.advance(BOOT_MS - 1);
    expect(await answers(url)).toBe(false);
    expect(await answers(await booted('a'))).toBe(true);
  });

  it('shares the port with the others but not the address', async () => {
    const [one, two] = [await booted('a'), await booted('b')];
    expect(new URL(one).port).toBe(new URL(two).port);
    expect(new URL(one).hostname).not.toBe(new URL(two).hostname);
  });

  it('comes back under another address, with the models that were on its disk', async () => {
    const before = await booted('a');
    await pull(before);
    await machines.stop('a');
    expect(await answers(before)).toBe(false);
    const after = await booted('a');
    expect(after).not.toBe(before);
    expect(await modelsAt(after)).toEqual(['granite:2b']);
    expect(await modelsAt(await booted('b'))).toEqual([]);
  });

  it('does not answer after all when it is stopped during its boot', async () => {
    const url = await started('a');
    await machines.stop('a');
    await clock.advance(BOOT_MS);
    expect(await answers(url)).toBe(false);
  });

  it('never answers when its boot never ends', async () => {
    machines.bootMs = Infinity;
    const url = await started('a');
    await clock.advance(1e9);
    expect(await answers(url)).toBe(false);
  });

  it('cuts its streams when it crashes, and can be brought back at the same address', async () => {
    const url = await booted('a');
    await pull(url);
    machines.behaviour.firstTokenMs = 60_000;
    const body = JSON.stringify({ model: 'granite:2b', prompt: 'why?' });
    const stream = fetch(`${url}/api/generate`, { method: 'POST', body }).catch(() => 'cut');
    await until(() => machines.openStreams() === 1);
    await machines.crashNow('a');
    expect(await stream).toBe('cut');
    expect(await answers(url)).toBe(false);
    machines.recover('a');
    await clock.advance(BOOT_MS);
    while (!(await answers(url)));
    expect(machines.requests().find((one) => one.url === '/api/generate')).toMatchObject({ aborted: true });
  });

  it('fails a model as a test says, until it is healed', async () => {
    const url = await booted('a');
    machines.refuse('granite', 'missing');
    const attempt = async (): Promise<string> =>
      (await fetch(`${url}/api/pull`, { method: 'POST', body: '{"model":"granite:latest","stream":false}' })).text();
    expect(await attempt()).toContain('file does not exist');
    machines.refuse('granite', null);
    machines.behaviour.pullMs = 0;
    const healed = attempt();
    let done = false;
    void healed.finally(() => (done = true));
    while (!done) await clock.advance(1);
    expect(await healed).toBe('{"status":"success"}');
  });

  it('waits for its predecessor where all machines share one address', async () => {
    const warnings: string[] = [];
    use({ ownAddresses: false, warn: (message) => warnings.push(message) });
    const url = await booted('a');
    expect(await started('b')).toBe(url);
    await clock.advance(BOOT_MS);
    await until(() => warnings.length === 1);
    await machines.stop('a');
    expect(await answers(url)).toBe(false);
    while (!(await answers(url))) await clock.advance(500);
    expect(warnings[0]).toContain('EADDRINUSE');
  });

  it('passes everything to a real Ollama where there is one', async () => {
    const upstream = createServer((request, response) => {
      response.writeHead(418, { 'X-Upstream': `${request.method} ${request.url} ${request.headers.host}` });
      request.pipe(response);
    });
    await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
    const host = `127.0.0.1:${(upstream.address() as AddressInfo).port}`;
    use({ upstreamUrl: `http://${host}` });
    const machine = await started('a');
    await clock.advance(BOOT_MS);
    const url = `${machine}/api/chat?x=1`;
    const post = (): Promise<Response | null> => fetch(url, { method: 'POST', body: 'words' }).catch(() => null);
    let response = await post();
    while (!response) response = await post();
    expect([response.status, await response.text()]).toEqual([418, 'words']);
    expect(response.headers.get('x-upstream')).toBe(`POST /api/chat?x=1 ${host}`);
    upstream.closeAllConnections();
    upstream.close();
  });
});

/** `npm run simulator` as a process: what it prints, what it does about a port in use, how it ends. */
import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from '@jest/globals';
import { SignedClient } from '../support/signed-client.js';

const MAIN = fileURLToPath(new URL('../../dist/sandbox/simulator-main.js', import.meta.url));

interface Run {
  process: ChildProcess;
  /** All that was printed, once `pattern` is in it. */
  printed(pattern: RegExp): Promise<string>;
  ended: Promise<{ code: number | null; output: string }>;
}

describe('npm run simulator', () => {
  const runs: Run[] = [];
  afterEach(async () => {
    for (const run of runs.splice(0)) {
      run.process.kill('SIGKILL');
      await run.ended;
    }
  });

  const start = (port: string): Run => {
    const process = spawn(globalThis.process.execPath, [MAIN], { env: { SIMULATOR_PORT: port } });
    let output = '';
    const listeners = new Set<() => void>();
    const collect = (chunk: Buffer): void => {
      output += chunk.toString();
      for (const listener of listeners) listener();
    };
    process.stdout.on('data', collect);
    process.stderr.on('data', collect);
    const run: Run = {
      process,
      printed: (pattern) =>
        new Promise((resolve) => {
          const look = (): void => void (pattern.test(output) && resolve(output));
          listeners.add(look);
          look();
        }),
      ended: new Promise((resolve) => process.once('close', (code) => resolve({ code, output }))),
    };
    runs.push(run);
    return run;
  };

  it.each(['SIGINT', 'SIGTERM'] as const)('prints what a client needs, and ends on %s', async (signal) => {
    const run = start('0');
    const output = await run.printed(/_control\/fault/);
    const value = (name: string): string => new RegExp(`${name}=(\\S+)`).exec(output)?.[1] ?? '';
    const credentials = { apiKey: value('EXOSCALE_API_KEY'), apiSecret: value('EXOSCALE_API_SECRET') };
    const api = new SignedClient(value('EXOSCALE_API_ENDPOINT'), credentials);
    expect((await api.get('/instance')).body).toEqual({ instances: [] });
    const control = /control: (\S+)/.exec(output)?.[1] ?? '';
    expect(await (await fetch(`${control}maxConcurrentBilled`)).json()).toEqual({ result: 0 });
    run.process.kill(signal);
    expect((await run.ended).code).toBe(0);
  });

  it('says in one line that its port is in use', async () => {
    const output = await start('0').printed(/EXOSCALE_API_ENDPOINT=\S+\n/);
    const port = /EXOSCALE_API_ENDPOINT=http:\/\/127\.0\.0\.1:(\d+)/.exec(output)?.[1] ?? '';
    const second = await start(port).ended;
    expect(second).toEqual({
      code: 1,
      output: `Port ${port} is in use. Set SIMULATOR_PORT to another one, or 0 for any.\n`,
    });
  });

  it('says in one line that its port is no port', async () => {
    expect(await start('many').ended).toEqual({
      code: 1,
      output: 'SIMULATOR_PORT must be a port number, it is "many".\n',
    });
  });
});

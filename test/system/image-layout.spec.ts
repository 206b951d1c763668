/** The image's contents run as they would in a container: other user, production dependencies, nothing of the checkout. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { ExoscaleSimulator } from '../../src/sandbox/exoscale-simulator/exoscale-simulator.js';
import { freePort } from '../../src/sandbox/machine-simulator/loopback.js';
import { instruction } from '../support/dockerfile.js';
import { ImageLayout } from '../support/image-layout.js';

describe('the image', () => {
  let image: ImageLayout;
  let entrypoint: string[];
  const started: ChildProcess[] = [];

  beforeAll(() => {
    image = new ImageLayout();
    image.build();
    entrypoint = JSON.parse(instruction(image.production, 'ENTRYPOINT')) as string[];
  });
  afterEach(async () => {
    for (const child of started.splice(0)) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
  });
  afterAll(() => image.dispose());

  function start(command: readonly string[], env: Record<string, string>) {
    const child = image.start(command, env);
    started.push(child);
    const output = { stdout: '', stderr: '' };
    child.stdout?.on('data', (chunk: Buffer) => (output.stdout += chunk.toString()));
    child.stderr?.on('data', (chunk: Buffer) => (output.stderr += chunk.toString()));
    return { child, output, ended: once(child, 'close').then(([code]) => code as number | null) };
  }

  it('is built for Node 24 and runs as a user without rights', () => {
    expect(image.stages[0]?.from).toBe('node:24-slim');
    expect(instruction(image.production, 'USER')).toBe('node');
    expect(instruction(image.production, 'VOLUME')).toBe('/data');
    expect(instruction(image.production, 'ENV')).toContain('GATEWAY_STATE_DIR=/data');
    expect(instruction(image.production, 'STOPSIGNAL')).toBe('SIGTERM');
  });

  it('holds no sandbox, no tests and no development dependencies', () => {
    expect(readdirSync(image.path('/app')).sort()).toEqual(['LICENSE', 'dist', 'node_modules', 'package.json']);
    const dist = readdirSync(image.path('/app/dist'), { recursive: true }) as string[];
    expect(dist.filter((file) => /^sandbox|\.spec\.|__golden__/.test(file))).toEqual([]);
    expect(
      ['typescript', 'jest', '@nestjs/cli'].filter((name) => existsSync(image.path(`/app/node_modules/${name}`))),
    ).toEqual([]);
  });

  it('stops with one clear line per fault when nothing is configured', async () => {
    const { output, ended } = start(entrypoint, {});
    expect(await ended).toBe(1);
    const lines = output.stderr.split('\n').filter(Boolean);
    const names = lines.map((line) => line.split(' ')[0]);
    expect(names).toEqual(['EXOSCALE_API_KEY', 'EXOSCALE_API_SECRET']);
  });

  describe('with an account', () => {
    let simulator: ExoscaleSimulator;
    beforeAll(async () => {
      simulator = await ExoscaleSimulator.start({ apiKey: 'EXOimage', apiSecret: 'secret' });
    });
    afterAll(() => simulator.close());

    it('answers its health check, shows no admin API without a token, keeps its state in the volume and leaves on SIGTERM', async () => {
      const [port, adminPort] = [await freePort(), await freePort()];
      const { child, output, ended } = start(entrypoint, {
        EXOSCALE_API_KEY: 'EXOimage',
        EXOSCALE_API_SECRET: 'secret',
        EXOSCALE_API_ENDPOINT: simulator.url,
        GATEWAY_SHUTDOWN_DELAY_SECONDS: '0',
        PORT: String(port),
        GATEWAY_ADMIN_PORT: String(adminPort),
        // The root file system of a deployment cannot be written to.
        TMPDIR: '/nowhere',
      });
      const exited = ended.then((code) => {
        throw new Error(`the gateway ended with ${code}: ${output.stdout}${output.stderr}`);
      });
      await Promise.race([untilHealthy(adminPort), exited]);
      const answer = await fetch(`http://127.0.0.1:${port}/`);
      expect(await answer.text()).toBe('Ollama is running');
      expect((await fetch(`http://127.0.0.1:${adminPort}/metrics`)).status).toBe(200);
      expect((await fetch(`http://127.0.0.1:${adminPort}/admin/state`)).status).toBe(404);
      expect(readdirSync(image.path('/data'))).not.toEqual([]);

      exited.catch(() => undefined);
      child.kill('SIGTERM');
      expect(await ended).toBe(0);
      expect(await isHealthy(adminPort)).toBe(false);
    });

    /** Runs the command that Docker would run inside the container. */
    async function isHealthy(adminPort: number): Promise<boolean> {
      const command = JSON.parse(instruction(image.production, 'HEALTHCHECK').split(' CMD ')[1]!) as string[];
      return (await start(command, { GATEWAY_ADMIN_PORT: String(adminPort) }).ended) === 0;
    }

    /** A health check takes about as long as a pause between two would. */
    async function untilHealthy(adminPort: number): Promise<void> {
      for (const begunMs = Date.now(); Date.now() - begunMs < 60_000;) if (await isHealthy(adminPort)) return;
      throw new Error('never became healthy');
    }
  });
});

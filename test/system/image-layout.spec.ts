/** The image's contents run as they would in a container: other user, production dependencies, nothing of the checkout. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { CONFIG_CLASSES, LifecycleConfig } from '../../src/common/config/classes.js';
import { settingsOf } from '../../src/common/config/setting.js';
import { ExoscaleSimulator } from '../../src/sandbox/exoscale-simulator/exoscale-simulator.js';
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
    expect(names).toEqual(['EXOSCALE_API_KEY', 'EXOSCALE_API_SECRET', 'GATEWAY_LINK']);
  });

  describe('with an account', () => {
    let simulator: ExoscaleSimulator;
    beforeAll(async () => {
      simulator = await ExoscaleSimulator.start({ apiKey: 'EXOimage', apiSecret: 'secret' });
    });
    afterAll(() => simulator.close());

    it('answers its health check, keeps its state in the volume and leaves on SIGTERM', async () => {
      const port = await freePort();
      const { child, output, ended } = start(entrypoint, {
        EXOSCALE_API_KEY: 'EXOimage',
        EXOSCALE_API_SECRET: 'secret',
        EXOSCALE_API_ENDPOINT: simulator.url,
        GATEWAY_LINK: 'plain',
        GATEWAY_ALLOW_PLAIN_LINK: 'true',
        GATEWAY_LINK_CIDRS: '127.0.0.1/32',
        GATEWAY_SHUTDOWN_DELAY_SECONDS: '0',
        PORT: String(port),
      });
      const exited = ended.then((code) => {
        throw new Error(`the gateway ended with ${code}: ${output.stdout}${output.stderr}`);
      });
      await Promise.race([untilHealthy(port), exited]);
      const answer = await fetch(`http://127.0.0.1:${port}/`);
      expect(await answer.text()).toBe('Ollama is running');
      expect(readdirSync(image.path('/data'))).not.toEqual([]);

      exited.catch(() => undefined);
      child.kill('SIGTERM');
      expect(await ended).toBe(0);
      expect(await isHealthy(port)).toBe(false);
    });

    /** Runs the command that Docker would run inside the container. */
    async function isHealthy(port: number): Promise<boolean> {
      const command = JSON.parse(instruction(image.production, 'HEALTHCHECK').split(' CMD ')[1]!) as string[];
      return (await start(command, { PORT: String(port) }).ended) === 0;
    }

    /** A health check takes about as long as a pause between two would. */
    async function untilHealthy(port: number): Promise<void> {
      for (const begunMs = Date.now(); Date.now() - begunMs < 60_000;) if (await isHealthy(port)) return;
      throw new Error('never became healthy');
    }
  });
});

describe('compose.yaml', () => {
  const compose = parse(readFileSync(join(import.meta.dirname, '../../compose.yaml'), 'utf8')) as {
    services: { gateway: { stop_grace_period: string; environment: Record<string, string>; volumes: string[] } };
  };
  const { gateway } = compose.services;

  it('gives open streams the time that the gateway gives them', () => {
    const defaults = Object.fromEntries(settingsOf(LifecycleConfig).map((one) => [one.env, Number(one.default)]));
    const leavingSec = defaults['GATEWAY_SHUTDOWN_DELAY_SECONDS']! + defaults['GATEWAY_DRAIN_SECONDS']!;
    expect(parseInt(gateway.stop_grace_period)).toBeGreaterThan(leavingSec);
  });

  it('sets nothing that the gateway does not know, and keeps its state', () => {
    const known = CONFIG_CLASSES.flatMap((type) => settingsOf(type).map((one) => one.env));
    expect(Object.keys(gateway.environment).filter((name) => !known.includes(name))).toEqual([]);
    expect(gateway.volumes).toEqual(['state:/data']);
  });
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

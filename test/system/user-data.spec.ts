/**
 * The rendered user-data before the eyes of the programs that will read it: cloud-init's schema, shellcheck,
 * systemd's check of units, and the kernel whose socket counters the dead-man timer reads.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, get, Agent, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { renderCloudConfig } from '../../src/modules/exoscale/user-data/render-user-data.js';
import { ScriptedMachine } from '../support/scripted-machine.js';

const INPUT = {
  launchId: '5f0c2f0e-8a51-4a44-9d5c-0a4f8f6f2b11',
  linkPort: 11434,
  image: 'ollama/ollama:0.32.15',
  ollamaEnv: { OLLAMA_NUM_PARALLEL: '4' },
  idleTimeoutSec: 1800,
};

/** Fails with a sentence when one of Debian's programs is missing, in place of a skipped test that nobody sees. */
function requireProgram(name: string, debianPackage: string): void {
  const found = spawnSync('sh', ['-c', `command -v ${name}`]).status === 0;
  if (!found) throw new Error(`${name} is missing: apt-get install ${debianPackage}`);
}

/** `fine`, or what the checker said: systemd warns of an unknown key and ends with 0. */
function check(command: string, args: string[]): string {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  return status === 0 && stderr === '' ? 'fine' : `exit ${status}: ${stdout}${stderr}`;
}

describe.each([
  ['CPU', false],
  ['GPU', true],
])('user-data of a %s type', (_name, gpu) => {
  let folder: string;
  let files: string[];

  beforeAll(() => {
    requireProgram('cloud-init', 'cloud-init');
    requireProgram('shellcheck', 'shellcheck');
    requireProgram('systemd-analyze', 'systemd');
    folder = mkdtempSync(join(tmpdir(), 'user-data-'));
    const text = renderCloudConfig({ ...INPUT, gpu });
    writeFileSync(join(folder, 'cloud-config.yaml'), text);
    const config = parse(text, { version: '1.1' }) as {
      write_files: { path: string; permissions: string; content: string }[];
    };
    files = config.write_files.map(({ path, permissions, content }) => {
      const target = join(folder, path);
      mkdirSync(dirname(target), { recursive: true });
      writeFileSync(target, content, { mode: parseInt(permissions, 8) });
      return target;
    });
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('is valid for cloud-init', () => {
    expect(check('cloud-init', ['schema', '--config-file', join(folder, 'cloud-config.yaml')])).toBe('fine');
  });

  it('holds scripts that shellcheck finds nothing in', () => {
    const scripts = files.filter((file) => file.endsWith('.sh'));
    expect(scripts).toHaveLength(gpu ? 4 : 3);
    expect(check('shellcheck', ['--external-sources', '--check-sourced', '--severity=style', ...scripts])).toBe('fine');
  });

  it('holds settings that are shell, and a Docker configuration that is JSON', () => {
    const settings = files.find((file) => file.endsWith('bootstrap.env'))!;
    expect(check('shellcheck', ['--shell=bash', '--exclude=SC2034', settings])).toBe('fine');
    const daemon = files.find((file) => file.endsWith('daemon.json'))!;
    expect(() => JSON.parse(readFileSync(daemon, 'utf8')) as unknown).not.toThrow();
  });

  it('holds units that systemd accepts', () => {
    const units = files.filter((file) => /\.(service|timer)$/.test(file));
    expect(units).toHaveLength(3);
    for (const unit of units) {
      // The programs lie under our folder, not under the root that systemd-analyze looks into.
      const text = readFileSync(unit, 'utf8').replaceAll('ExecStart=/', `ExecStart=${folder}/`);
      writeFileSync(unit, text);
    }
    expect(check('systemd-analyze', ['verify', '--man=no', ...units])).toBe('fine');
  });
});

describe('the dead-man timer on real sockets', () => {
  let machine: ScriptedMachine;
  let ollama: Server;
  let agent: Agent;

  beforeEach(async () => {
    requireProgram('ss', 'iproute2');
    ollama = createServer((request, response) => {
      if (request.url === '/waits') return;
      if (request.url === '/streams') {
        const timer = setInterval(() => response.write('{}\n'), 100);
        response.on('close', () => clearInterval(timer));
        return;
      }
      response.end('Ollama is running');
    });
    ollama.keepAliveTimeout = 60_000;
    await new Promise<void>((resolve) => ollama.listen(0, '127.0.0.1', resolve));
    agent = new Agent({ keepAlive: true });
    machine = new ScriptedMachine();
    machine.write('etc/ollama-gateway/bootstrap.env', 'BOOTSTRAP_IDLE_TIMEOUT_SEC=1\n');
    machine.write('proc/uptime', '9999.00 1.00\n');
    machine.program('systemctl', '');
    machine.program('docker', '[[ $1 == inspect ]] && echo 1');
    machine.program('nsenter', 'shift 3; "$@"');
    machine.program(
      'ss',
      `exec ${execFileSync('sh', ['-c', 'command -v ss'], { encoding: 'utf8' }).trim()} "\${@//11434/${port()}}"`,
    );
  });
  afterEach(() => {
    agent.destroy();
    ollama.closeAllConnections();
    ollama.close();
    machine.dispose();
  });

  const port = () => (ollama.address() as AddressInfo).port;

  /** Resolves with the first bytes of the answer; never for a path that does not answer. */
  function request(path: string): Promise<void> {
    return new Promise((resolve) => {
      get({ host: '127.0.0.1', port: port(), path, agent }, (response) => response.on('data', () => resolve())).on(
        'error',
        () => undefined, // the end of the test cuts it
      );
    });
  }

  async function powersOff(): Promise<boolean> {
    await machine.run('dead-man.sh');
    return machine.takeCalls().includes('systemctl poweroff');
  }

  /** The script's own duration is the pause between two looks. */
  async function untilItStaysOn(): Promise<void> {
    for (const started = Date.now(); Date.now() - started < 30_000;) if (!(await powersOff())) return;
    throw new Error('never took the connection for work');
  }

  it('powers off a machine without connections, and one whose gateway only keeps an idle connection', async () => {
    expect(await powersOff()).toBe(true);
    const free = new Promise((resolve) => agent.once('free', resolve));
    await request('/');
    await free;
    expect(await powersOff()).toBe(true);
  });

  it('stays on while a request waits silently', async () => {
    void request('/waits');
    await untilItStaysOn();
    expect(await powersOff()).toBe(false);
  });

  it('stays on while an answer streams', async () => {
    await request('/streams');
    await untilItStaysOn();
    expect(await powersOff()).toBe(false);
  });
});

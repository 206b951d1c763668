/** The golden files show the whole text that a machine gets; `UPDATE_GOLDEN=1 npm run jest -- render-user-data` rewrites them. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import { parse } from 'yaml';
import type { MachineEnd } from '../../link/machine-link.js';
import { TEST_CERTIFICATE, TEST_KEY } from '../../../../test/support/test-certificate.js';
import type { MachineSettings } from './machine-settings.js';
import { BOOTSTRAP_VERSION, renderCloudConfig, renderUserData } from './render-user-data.js';

jest.setTimeout(60_000); // a bash per example, on a machine that may be busy

/** As large as the real ones: P-256 keys and certificates. */
const MTLS: MachineEnd = {
  kind: 'mtls',
  serverName: 'gpu.default.link.internal',
  caPem: TEST_CERTIFICATE,
  certificatePem: TEST_CERTIFICATE,
  keyPem: TEST_KEY,
};
const CPU: MachineSettings = {
  launchId: '5f0c2f0e-8a51-4a44-9d5c-0a4f8f6f2b11',
  gpu: false,
  linkPort: 11434,
  link: { kind: 'plain' },
  image: 'ollama/ollama:0.32.15',
  ollamaEnv: { OLLAMA_NUM_PARALLEL: '4', OLLAMA_LOAD_TIMEOUT: '15m' },
  idleTimeoutSec: 1800,
};
const GPU: MachineSettings = { ...CPU, gpu: true, linkPort: 8443, link: MTLS };

interface CloudConfig {
  write_files: { path: string; permissions: string; content: string }[];
  runcmd: string[][];
}

function cloudConfig(input: MachineSettings): CloudConfig {
  return parse(renderCloudConfig(input), { version: '1.1' }) as CloudConfig;
}

function fileOf(input: MachineSettings, name: string): { permissions: string; content: string } {
  return cloudConfig(input).write_files.find(({ path }) => path.endsWith(`/${name}`))!;
}

function settings(input: MachineSettings): string {
  return fileOf(input, 'bootstrap.env').content;
}

/** The listening sockets and names of the nginx configuration. */
function front(input: MachineSettings): string[] {
  return [...fileOf(input, 'nginx.conf').content.matchAll(/^ *((?:listen|server_name|proxy_pass) .*);$/gm)].map(
    ([, directive]) => directive!,
  );
}

describe('user-data', () => {
  it.each([
    ['cpu-plain', CPU],
    ['gpu-mtls', GPU],
  ])('of a %s machine is the golden text', (name, input) => {
    const golden = join(import.meta.dirname, '__golden__', `${name}.cloud-config.yaml`);
    const text = renderCloudConfig(input);
    if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(golden, text);
    expect(text).toBe(readFileSync(golden, 'utf8'));
  });

  it('fits into the API: base64 of at most 32,767 characters, even with every setting at a length nobody needs', () => {
    const ollamaEnv = Object.fromEntries(Array.from({ length: 8 }, (_, i) => [`OLLAMA_${i}`, String(i).repeat(500)]));
    const userData = renderUserData({ ...GPU, ollamaEnv });
    expect(userData).toMatch(/^[A-Za-z0-9+/]+=*$/);
    expect(userData.length).toBeLessThan(32_768);
  });

  it('is the packed cloud-config, the same bytes each time', () => {
    const userData = renderUserData(GPU);
    expect(gunzipSync(Buffer.from(userData, 'base64')).toString()).toBe(renderCloudConfig(GPU));
    expect(renderUserData(GPU)).toBe(userData);
    expect(Buffer.from(userData, 'base64').readUInt32LE(4)).toBe(0); // the time in gzip's header
  });

  it('puts every static file where it belongs, byte for byte as it lies in the repository', () => {
    const names: Record<string, string> = {
      'daemon.json': 'docker-daemon.json',
      '90ollama-gateway': 'apt.conf',
      '90-ollama-gateway.conf': 'needrestart.conf',
    };
    for (const { path, content } of cloudConfig(GPU).write_files) {
      if (path.endsWith('bootstrap.env') || path.startsWith('/etc/ollama-gateway/link/')) continue;
      const name = path.split('/').at(-1)!;
      expect(content).toBe(readFileSync(join(import.meta.dirname, 'files', names[name] ?? name), 'utf8'));
    }
  });

  it('brings nothing of NVIDIA to a CPU type', () => {
    const paths = (input: MachineSettings) => cloudConfig(input).write_files.map(({ path }) => path);
    const withoutGpu = paths({ ...GPU, gpu: false });
    expect(paths(GPU).filter((path) => !withoutGpu.includes(path))).toEqual(['/usr/local/lib/ollama-gateway/gpu.sh']);
  });

  it('arms the dead-man timer before anything else is started', () => {
    const started = cloudConfig(CPU).runcmd.filter((command) => command.includes('--now') || command.includes('start'));
    expect(started.map((command) => command.at(-1))).toEqual([
      'ollama-gateway-dead-man.timer',
      'ollama-gateway-bootstrap.service',
    ]);
  });

  it('never lets the user choose how long a model stays or whether prompts leave the machine', () => {
    const chosen = { ...CPU, ollamaEnv: { OLLAMA_KEEP_ALIVE: '5m', OLLAMA_NO_CLOUD: '0' } };
    expect(settings(chosen)).toMatch(/^OLLAMA_KEEP_ALIVE='-1'\nOLLAMA_NO_CLOUD='1'\n/m);
    expect(settings(chosen)).toContain(`BOOTSTRAP_VERSION='${BOOTSTRAP_VERSION}'\n`);
  });

  it('puts nginx before Ollama: with TLS for the name of the machine and no other', () => {
    expect(front(GPU)).toEqual([
      'listen 8443 ssl default_server',
      'listen 8443 ssl so_keepalive=60s:15s:4',
      'server_name gpu.default.link.internal',
      'proxy_pass http://127.0.0.1:11434',
      'listen unix:status.sock',
    ]);
  });

  it('puts nginx before Ollama on a plain link too, and Ollama on another port where the link has its usual one', () => {
    expect(front(CPU)).toEqual([
      'listen 11434 so_keepalive=60s:15s:4',
      'server_name _',
      'proxy_pass http://127.0.0.1:11435',
      'listen unix:status.sock',
    ]);
    expect(settings(CPU)).toContain("BOOTSTRAP_OLLAMA_PORT='11435'\n");
    expect(settings(GPU)).toContain("BOOTSTRAP_OLLAMA_PORT='11434'\n");
  });

  it('leaves no blank in the nginx configuration unfilled', () => {
    for (const input of [CPU, GPU]) expect(fileOf(input, 'nginx.conf').content).not.toMatch(/@[A-Z_]+@/);
  });

  it('brings the machine its own key, readable by root only, and no key or certificate to a plain link', () => {
    expect(fileOf(GPU, 'server.key')).toMatchObject({ permissions: '0600', content: TEST_KEY });
    expect(fileOf(GPU, 'server.pem').content).toBe(TEST_CERTIFICATE);
    expect(fileOf(GPU, 'ca.pem').content).toBe(TEST_CERTIFICATE);
    expect(renderCloudConfig(CPU)).not.toContain('-----BEGIN');
  });

  it.each(['a; } http {', 'Gpu.internal', '', 'gpu.internal\nlisten 80'])(
    'refuses %j as the name of a machine',
    (name) => {
      expect(() => renderCloudConfig({ ...GPU, link: { ...MTLS, serverName: name } })).toThrow('not a DNS name');
    },
  );

  it.each(['PATH', 'OLLAMA_X;reboot', 'BOOTSTRAP_IMAGE', ''])('refuses %j as a setting of Ollama', (name) => {
    expect(() => renderCloudConfig({ ...CPU, ollamaEnv: { [name]: '1' } })).toThrow('not a setting of Ollama');
  });

  it('hands any value of a setting to the shell unchanged, through YAML and quoting', () => {
    const folder = mkdtempSync(join(tmpdir(), 'settings-'));
    const file = join(folder, 'bootstrap.env');
    const text = fc.string({ unit: 'binary', maxLength: 40 }).filter((value) => !value.includes('\0'));
    try {
      fc.assert(
        fc.property(text, text, (image, value) => {
          writeFileSync(file, settings({ ...CPU, image, ollamaEnv: { ...CPU.ollamaEnv, OLLAMA_LOAD_TIMEOUT: value } }));
          const print = 'source "$1"; printf "%s\\0%s" "$BOOTSTRAP_IMAGE" "$OLLAMA_LOAD_TIMEOUT"';
          const read = execFileSync('bash', ['--norc', '-c', print, 'bash', file], { encoding: 'utf8', env: {} });
          return read === `${image}\0${value}`;
        }),
        { numRuns: 30 },
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

/**
 * The rendered user-data before the eyes of the programs that will read it: cloud-init's schema, shellcheck, nginx, nft,
 * apt, Perl and systemd's check of units.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { MachineSettings } from '../../src/modules/exoscale/user-data/machine-settings.js';
import { renderCloudConfig } from '../../src/modules/exoscale/user-data/render-user-data.js';
import { endEverything } from '../support/endings.js';
import { layOutMachine } from '../support/machine-files.js';
import { check, requireProgram } from '../support/programs.js';
import { TEST_CERTIFICATE, TEST_KEY } from '../support/test-certificate.js';

const CPU_PLAIN: MachineSettings = {
  launchId: '5f0c2f0e-8a51-4a44-9d5c-0a4f8f6f2b11',
  gpu: false,
  linkPort: 11434,
  link: { kind: 'plain' },
  image: 'ollama/ollama:0.32.15',
  ollamaEnv: { OLLAMA_NUM_PARALLEL: '4' },
  idleTimeoutSec: 1800,
};
const GPU_MTLS: MachineSettings = {
  ...CPU_PLAIN,
  gpu: true,
  linkPort: 8443,
  link: {
    kind: 'mtls',
    serverName: 'gpu.default.link.internal',
    caPem: TEST_CERTIFICATE,
    certificatePem: TEST_CERTIFICATE,
    keyPem: TEST_KEY,
  },
};

describe.each([
  ['CPU machine with a plain link', CPU_PLAIN],
  ['GPU machine with mTLS', GPU_MTLS],
])('user-data of a %s', (_name, settings) => {
  let root: string;
  let files: string[];

  beforeAll(() => {
    requireProgram('cloud-init', 'cloud-init');
    requireProgram('shellcheck', 'shellcheck');
    requireProgram('systemd-analyze', 'systemd');
    requireProgram('nginx', 'nginx');
    requireProgram('nft', 'nftables');
    const text = renderCloudConfig(settings);
    root = layOutMachine(text);
    files = readdirSync(root, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name));
    writeFileSync(join(root, 'cloud-config.yaml'), text);
  });
  afterAll(endEverything);

  it('is valid for cloud-init', () => {
    expect(check('cloud-init', ['schema', '--config-file', join(root, 'cloud-config.yaml')])).toBe('fine');
  });

  it('holds scripts that shellcheck finds nothing in', () => {
    const scripts = files.filter((file) => file.endsWith('.sh'));
    expect(scripts).toHaveLength(settings.gpu ? 5 : 4);
    expect(check('shellcheck', ['--external-sources', '--check-sourced', '--severity=style', ...scripts])).toBe('fine');
  });

  it('holds settings that are shell, and a Docker configuration that is JSON', () => {
    const env = join(root, 'etc/ollama-gateway/bootstrap.env');
    expect(check('shellcheck', ['--shell=bash', '--exclude=SC2034', env])).toBe('fine');
    const daemon = join(root, 'etc/docker/daemon.json');
    expect(() => JSON.parse(readFileSync(daemon, 'utf8')) as unknown).not.toThrow();
  });

  it('holds units that systemd accepts', () => {
    const units = files.filter((file) => /\.(service|timer)$/.test(file));
    expect(units).toHaveLength(7);
    for (const unit of units) {
      // The scripts lie under our folder, not under the root that systemd-analyze looks into.
      const text = readFileSync(unit, 'utf8').replaceAll('ExecStart=/usr/local/', `ExecStart=${root}/usr/local/`);
      writeFileSync(unit, text);
    }
    expect(check('systemd-analyze', ['verify', '--man=no', ...units])).toBe('fine');
  });

  it('holds an nginx configuration without a fault or a warning', () => {
    const prefix = join(root, 'run/ollama-gateway/link/');
    mkdirSync(prefix, { recursive: true });
    const configuration = join(root, 'etc/ollama-gateway/link/nginx.conf');
    const args = ['-t', '-e', 'stderr', '-p', prefix, '-c', configuration];
    const { status, stderr } = spawnSync('nginx', args, { cwd: prefix, encoding: 'utf8' });
    expect(stderr).toBe(
      `nginx: the configuration file ${configuration} syntax is ok\nnginx: configuration file ${configuration} test is successful\n`,
    );
    expect(status).toBe(0);
  });

  it('holds rules that nft accepts', () => {
    expect(check('nft', ['--check', '--file', join(root, 'etc/ollama-gateway/firewall.nft')])).toBe('fine');
  });

  it('holds settings of apt that leave running answers alone', () => {
    const file = join(root, 'etc/apt/apt.conf.d/90ollama-gateway');
    const { stdout, stderr } = spawnSync('apt-config', ['--config-file', file, 'dump'], { encoding: 'utf8' });
    expect(stderr).toBe('');
    expect(stdout).toContain('APT::Periodic::Enable "0";');
    expect(stdout).toContain('Unattended-Upgrade::Automatic-Reboot "false";');
    expect(stdout.match(/(?<=^Unattended-Upgrade::Package-Blacklist:: ").*(?=";$)/gm)).toEqual([
      'docker',
      'containerd',
      'runc',
      'linux-',
      'nvidia-',
      'libnvidia-',
    ]);
  });

  it('holds settings of needrestart that restart nothing', () => {
    const file = join(root, 'etc/needrestart/conf.d/90-ollama-gateway.conf');
    const print = 'our %nrconf; do $ARGV[0]; print $nrconf{restart}';
    expect(spawnSync('perl', ['-e', print, file], { encoding: 'utf8' }).stdout).toBe('l');
  });
});

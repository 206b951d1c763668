/** The bootstrap on scripted machines: the real scripts, with apt, Docker, curl and NVIDIA's programs replaced. */
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { ScriptedMachine } from '../../../../test/support/scripted-machine.js';
import { settingsFile } from './settings-file.js';

jest.setTimeout(60_000); // every run is dozens of processes, on a machine that may be busy

const IMAGE = 'ollama/ollama:0.32.15';
const SETTINGS = {
  launchId: 'launch-1',
  gpu: false,
  linkPort: 11434,
  link: { kind: 'plain' } as const,
  image: IMAGE,
  ollamaEnv: { OLLAMA_NUM_PARALLEL: '4' },
  idleTimeoutSec: 1800,
};

const PACKAGES = 'docker.io nginx nftables unattended-upgrades ca-certificates curl gnupg';

/** Programs with just enough memory to make a second run see what the first one did. */
const PROGRAMS = {
  'dpkg-query': 'grep -qxF -- "${!#}" "$ROOT/installed" && echo "install ok installed"',
  dpkg: '',
  'apt-get': `case "$*" in
    *--simulate*) [[ ! -e "$ROOT/no-prebuilt" ]] ;;
    install*) for word in "$@"; do [[ $word == -* ]] || echo "$word" >>"$ROOT/installed"; done ;;
  esac`,
  docker: `case "$1 $2" in
    "image inspect") [[ -e "$ROOT/image" ]] ;;
    "pull --quiet") touch "$ROOT/image" ;;
    "inspect --format") cat "$ROOT/container" 2>/dev/null ;;
    "rm --force") rm -f "$ROOT/container" ;;
    "run --detach") sed 's/.*ollama-gateway.settings=\\([0-9a-f]*\\).*/\\1/' <<<"$*" >"$ROOT/container"; env | grep ^OLLAMA_ | sort >"$ROOT/container-env" ;;
  esac`,
  curl: '[[ $* != *gpgkey* ]] || echo key >"$(sed "s/.*--output \\([^ ]*\\).*/\\1/" <<<"$*")"',
  gpg: '[[ $* != *--export* ]] || echo keyring >"$(sed "s/.*--output \\([^ ]*\\).*/\\1/" <<<"$*")"',
  'nvidia-ctk': 'echo \'{"runtimes":{"nvidia":{"path":"nvidia-container-runtime"}}}\' >"$ROOT/etc/docker/daemon.json"',
  'nvidia-smi':
    '[[ -e "$ROOT/gpu-works" ]] && echo "GPU 0: NVIDIA RTX A5000" || { echo "No devices were found"; exit 6; }',
  modprobe: '',
  'cloud-init': '',
  uname: 'echo 6.8.0-71-generic',
  systemctl: '',
};

describe('the bootstrap', () => {
  let machine: ScriptedMachine;

  beforeEach(() => {
    machine = new ScriptedMachine();
    for (const [name, body] of Object.entries(PROGRAMS)) machine.program(name, body);
    for (const folder of ['usr/share/keyrings', 'etc/apt/sources.list.d']) machine.write(`${folder}/.keep`, '');
    machine.write('installed', '');
    machine.write('etc/docker/daemon.json', '{}');
    machine.write('sys/bus/pci/devices/0000:00:01.0/vendor', '0x8086\n');
    machine.write('sys/bus/pci/devices/0000:00:01.0/class', '0x060000\n');
    settings({});
  });
  afterEach(() => machine.dispose());

  function settings(changed: Partial<typeof SETTINGS>): void {
    const file = settingsFile({ ...SETTINGS, ...changed }, '2');
    machine.write(file.path.slice(1), file.content);
  }

  function plugIn(gpuDeviceId: string): void {
    const device = 'sys/bus/pci/devices/0000:00:05.0';
    machine.write(`${device}/vendor`, '0x10de\n');
    machine.write(`${device}/class`, '0x030200\n');
    machine.write(`${device}/device`, `${gpuDeviceId}\n`);
  }

  async function boot(): Promise<{ exitCode: number; log: string[]; calls: string[] }> {
    const result = await machine.run('bootstrap.sh');
    return { ...result, calls: machine.takeCalls() };
  }

  const installs = (calls: string[]) =>
    calls
      .filter((call) => call.startsWith('apt-get install') && !call.includes('--simulate'))
      .map((call) => call.split('--no-install-recommends ')[1]);
  const rebooted = (calls: string[]) => calls.includes('systemctl reboot');

  describe('on a CPU type', () => {
    it('installs what it needs, pulls the pinned image, runs it on loopback only and waits for its answer', async () => {
      const { exitCode, log, calls } = await boot();
      expect(log).toEqual([
        'bootstrap 2 of launch launch-1 begins',
        `step: installing ${PACKAGES}`,
        `step: pulling ${IMAGE}`,
        `pulled ${IMAGE}`,
        'step: making the Ollama container',
        'step: waiting for Ollama to answer',
        'step: waiting for the link on port 11434 to answer',
        'done: Ollama answers',
      ]);
      expect(exitCode).toBe(0);
      const run = calls.find((call) => call.startsWith('docker run'));
      expect(run).toContain('--restart unless-stopped');
      expect(run).toContain('--publish 127.0.0.1:11435:11434');
      expect(run).toContain('/var/lib/ollama:/root/.ollama');
      expect(run).not.toContain('--gpus');
      expect(run).toMatch(new RegExp(`${IMAGE}$`));
      expect(machine.read('container-env')).toBe('OLLAMA_KEEP_ALIVE=-1\nOLLAMA_NO_CLOUD=1\nOLLAMA_NUM_PARALLEL=4\n');
    });

    it('has the metadata service closed and the link up before there is a container', async () => {
      const { calls } = await boot();
      const units =
        'systemctl enable --quiet --now ollama-gateway-firewall.service ollama-gateway-link.service ollama-gateway-updates.timer';
      expect(calls).toContain(units);
      expect(calls.indexOf(units)).toBeLessThan(calls.findIndex((call) => call.startsWith('docker run')));
    });

    it("never lets Debian's own nginx start", async () => {
      const { calls } = await boot();
      const mask = calls.indexOf('systemctl mask --quiet nginx.service');
      expect(mask).toBeGreaterThanOrEqual(0);
      expect(mask).toBeLessThan(calls.findIndex((call) => call.startsWith('apt-get install')));
    });

    it('makes no container while the metadata service cannot be closed', async () => {
      machine.program('systemctl', '[[ $1 != enable ]]');
      const { exitCode, calls } = await boot();
      expect(exitCode).not.toBe(0);
      expect(calls.filter((call) => call.startsWith('docker'))).toEqual([]);
    });

    it('is not done before nginx answers', async () => {
      machine.program('curl', '[[ $* != *status.sock* ]]');
      const { exitCode, log } = await boot();
      expect(exitCode).not.toBe(0);
      expect(log).toContain('gave up: link_status');
      expect(machine.read('var/lib/ollama-gateway/bootstrapped')).toBeNull();
    });

    it('touches nothing of NVIDIA', async () => {
      const { calls } = await boot();
      expect(calls.filter((call) => /nvidia|modprobe|gpg /.test(call))).toEqual([]);
    });

    it('only starts the container at the next boot', async () => {
      await boot();
      const { exitCode, calls } = await boot();
      expect(exitCode).toBe(0);
      expect(installs(calls)).toEqual([]);
      expect(calls).toContain('docker start ollama');
      expect(calls.filter((call) => /docker (pull|run|rm)/.test(call))).toEqual([]);
    });

    it('makes the container anew when the settings have changed', async () => {
      await boot();
      settings({ ollamaEnv: { OLLAMA_NUM_PARALLEL: '8' } });
      const { calls } = await boot();
      expect(calls.filter((call) => /docker (rm|run)/.test(call))).toHaveLength(2);
      expect(machine.read('container-env')).toContain('OLLAMA_NUM_PARALLEL=8');
    });

    it('repeats a download that fails, and says so', async () => {
      machine.program(
        'docker',
        `if [[ $1 == pull && ! -e "$ROOT/failed" ]]; then touch "$ROOT/failed"; exit 1; fi\n${PROGRAMS.docker}`,
      );
      const { exitCode, log } = await boot();
      expect(exitCode).toBe(0);
      expect(log).toContain(`attempt 1 failed, again in 5 s: timeout 1800 docker pull --quiet ${IMAGE}`);
      expect(log.at(-1)).toBe('done: Ollama answers');
    });

    it('gives up after eight attempts with an exit code that makes systemd begin again', async () => {
      machine.program('docker', `if [[ $1 == pull ]]; then exit 1; fi\n${PROGRAMS.docker}`);
      const { exitCode, log, calls } = await boot();
      expect(exitCode).not.toBe(0);
      expect(calls.filter((call) => call.startsWith('docker pull'))).toHaveLength(8);
      expect(log).toContain(`gave up: timeout 1800 docker pull --quiet ${IMAGE}`);
      expect(machine.read('var/lib/ollama-gateway/bootstrapped')).toBeNull();
    });

    it('goes on after a power cut in the middle of an installation', async () => {
      const { calls } = await boot();
      const aptCalls = calls
        .filter((call) => /^(dpkg|apt-get) /.test(call))
        .map((call) => call.split(' ', 2).join(' '));
      expect(aptCalls).toEqual(['dpkg --configure', 'apt-get update', 'apt-get install']);
    });
  });

  describe('on a GPU type', () => {
    beforeEach(() => {
      settings({ gpu: true });
      plugIn('0x2231'); // RTX A5000
    });

    it('installs driver and toolkit, reboots once and goes on by itself', async () => {
      const first = await boot();
      expect(installs(first.calls)).toEqual([
        PACKAGES,
        'nvidia-container-toolkit',
        'linux-modules-nvidia-580-server-open-generic nvidia-headless-no-dkms-580-server-open nvidia-utils-580-server',
      ]);
      expect(first.log.at(-1)).toBe('rebooting for the GPU driver, the bootstrap goes on by itself');
      expect(rebooted(first.calls)).toBe(true);
      expect(first.exitCode).toBe(0);
      expect(first.calls.filter((call) => call.startsWith('docker run'))).toEqual([]);

      machine.write('gpu-works', '');
      const second = await boot();
      expect(installs(second.calls)).toEqual([]);
      expect(rebooted(second.calls)).toBe(false);
      expect(second.log).toContain('GPU: GPU 0: NVIDIA RTX A5000');
      expect(second.calls.find((call) => call.startsWith('docker run'))).toContain('--gpus all');
      expect(second.log.at(-1)).toBe('done: Ollama answers');
    });

    it('does without a reboot where the module can be loaded at once', async () => {
      machine.program('modprobe', 'touch "$ROOT/gpu-works"');
      const { calls, log } = await boot();
      expect(rebooted(calls)).toBe(false);
      expect(log.at(-1)).toBe('done: Ollama answers');
    });

    it.each([
      ['RTX PRO 6000 (Blackwell)', '0x2bb5', 'linux-modules-nvidia-580-server-open-generic'],
      ['A40 (Ampere)', '0x2235', 'linux-modules-nvidia-580-server-open-generic'],
      ['V100 (Volta)', '0x1db6', 'linux-modules-nvidia-580-server-generic'],
      ['P100 (Pascal)', '0x15f8', 'linux-modules-nvidia-580-server-generic'],
    ])('takes the modules that a %s can run on', async (_gpu, deviceId, modules) => {
      plugIn(deviceId);
      const { calls } = await boot();
      expect(installs(calls).at(-1)!.split(' ')).toContain(modules);
    });

    it('follows a template with a newer kernel series', async () => {
      machine.program('uname', 'echo 6.17.0-40-generic');
      const { calls } = await boot();
      expect(installs(calls).at(-1)).toContain('linux-modules-nvidia-580-server-open-generic-hwe-24.04');
    });

    it('builds the modules where the archive has none that fit', async () => {
      machine.write('no-prebuilt', '');
      const { calls } = await boot();
      expect(installs(calls).at(-1)).toContain('linux-generic nvidia-dkms-580-server-open');
    });

    it('tries built modules after the first reboot in vain, then gives up with the words of the driver', async () => {
      const first = await boot();
      const second = await boot();
      expect([first, second].map(({ calls }) => rebooted(calls))).toEqual([true, true]);
      expect(installs(second.calls)).toEqual([expect.stringContaining('nvidia-dkms-580-server-open')]);
      const third = await boot();
      expect(rebooted(third.calls)).toBe(false);
      expect(third.exitCode).not.toBe(0);
      expect(third.log).toContain('no GPU after two reboots, nvidia-smi says: No devices were found');
    });

    it('never serves from the CPU when the GPU has gone', async () => {
      machine.write('gpu-works', '');
      await boot();
      machine.program('nvidia-smi', 'exit 6');
      const { calls } = await boot();
      expect(calls).toContain('docker stop ollama');
      expect(calls).not.toContain('docker start ollama');
    });

    it('says so when the machine has no GPU at all', async () => {
      plugIn('0x2231');
      machine.write('sys/bus/pci/devices/0000:00:05.0/vendor', '0x1af4\n');
      const { exitCode, log } = await boot();
      expect(exitCode).not.toBe(0);
      expect(log).toContain('no NVIDIA GPU on the PCI bus');
    });

    it('installs nothing from a repository whose key is not the pinned one', async () => {
      machine.program('gpg', ''); // exports nothing for a fingerprint it does not have, and ends with 0
      const { exitCode, log, calls } = await boot();
      expect(exitCode).not.toBe(0);
      expect(log).toContainEqual(expect.stringContaining('is not C95B321B61E88C1809C4F759DDCAE044F796ECB0'));
      expect(installs(calls)).toEqual([PACKAGES]);
      expect(machine.read('etc/apt/sources.list.d/nvidia-container-toolkit.list')).toBeNull();
    });
  });
});

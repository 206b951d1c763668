/**
 * The static files that user-data puts on a machine. They lie in `files/` as themselves, so that shellcheck and editors
 * can read them; nothing is filled into them: what differs from machine to machine is in the settings file and the link's.
 */
import { readFileSync } from 'node:fs';

export interface MachineFile {
  path: string;
  /** Octal, as chmod takes it. */
  mode: string;
  content: string;
}

const LIBRARY = '/usr/local/lib/ollama-gateway';
const UNITS = '/etc/systemd/system';

const COMMON_FILES = [
  machineFile('lib.sh', `${LIBRARY}/lib.sh`),
  machineFile('dead-man.sh', `${LIBRARY}/dead-man.sh`, '0755'),
  machineFile('ollama-gateway-dead-man.service', `${UNITS}/ollama-gateway-dead-man.service`),
  machineFile('ollama-gateway-dead-man.timer', `${UNITS}/ollama-gateway-dead-man.timer`),
  machineFile('bootstrap.sh', `${LIBRARY}/bootstrap.sh`, '0755'),
  machineFile('ollama-gateway-bootstrap.service', `${UNITS}/ollama-gateway-bootstrap.service`),
  machineFile('firewall.nft', '/etc/ollama-gateway/firewall.nft'),
  machineFile('ollama-gateway-firewall.service', `${UNITS}/ollama-gateway-firewall.service`),
  machineFile('ollama-gateway-link.service', `${UNITS}/ollama-gateway-link.service`),
  machineFile('updates.sh', `${LIBRARY}/updates.sh`, '0755'),
  machineFile('ollama-gateway-updates.service', `${UNITS}/ollama-gateway-updates.service`),
  machineFile('ollama-gateway-updates.timer', `${UNITS}/ollama-gateway-updates.timer`),
  machineFile('apt.conf', '/etc/apt/apt.conf.d/90ollama-gateway'),
  machineFile('needrestart.conf', '/etc/needrestart/conf.d/90-ollama-gateway.conf'),
  // cgroupfs: under the systemd driver any `systemctl daemon-reload` (a snap refresh is enough) takes the GPU away from a
  // running container (NVIDIA/nvidia-container-toolkit#48).
  machineFile('docker-daemon.json', '/etc/docker/daemon.json'),
];
const GPU_FILES = [machineFile('gpu.sh', `${LIBRARY}/gpu.sh`)];

/** Every static file of a machine; one without a GPU gets nothing of NVIDIA's. */
export function machineFiles(gpu: boolean): MachineFile[] {
  return gpu ? [...COMMON_FILES, ...GPU_FILES] : COMMON_FILES;
}

/** The text of a file in `files/`. */
export function sourceText(name: string): string {
  return readFileSync(new URL(`./files/${name}`, import.meta.url), 'utf8');
}

function machineFile(name: string, path: string, mode = '0644'): MachineFile {
  return { path, mode, content: sourceText(name) };
}

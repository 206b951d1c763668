/**
 * The static files that user-data puts on a machine. They lie in `files/` as themselves, so that shellcheck and editors
 * can read them; nothing is filled into them: what differs from machine to machine is in the settings file.
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
  machineFile('apt.conf', '/etc/apt/apt.conf.d/90ollama-gateway'),
  // cgroupfs: under the systemd driver any `systemctl daemon-reload` (a snap refresh is enough) takes the GPU away from a
  // running container (NVIDIA/nvidia-container-toolkit#48). The log is bounded, it is what the dead-man timer reads.
  machineFile('docker-daemon.json', '/etc/docker/daemon.json'),
];
const GPU_FILES = [machineFile('gpu.sh', `${LIBRARY}/gpu.sh`)];

/** Every static file of a machine; one without a GPU gets nothing of NVIDIA's. */
export function machineFiles(gpu: boolean): MachineFile[] {
  return gpu ? [...COMMON_FILES, ...GPU_FILES] : COMMON_FILES;
}

function machineFile(name: string, path: string, mode = '0644'): MachineFile {
  return { path, mode, content: readFileSync(new URL(`./files/${name}`, import.meta.url), 'utf8') };
}

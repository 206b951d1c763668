/**
 * Renders the user-data that turns a plain Ubuntu 24.04 into an Ollama server (cloud-init). It knows the machine's files
 * and nothing of the API that carries them. Nothing in it may open a machine: anyone who may read the instance can read it
 * back. The one key in it is the server's own, of this machine only.
 */
import { gzipSync } from 'node:zlib';
import { linkFiles } from './link-files.js';
import { machineFiles, type MachineFile } from './machine-files.js';
import type { MachineSettings } from './machine-settings.js';
import { settingsFile } from './settings-file.js';

/** Part of the fingerprint: raise it when machines made by an older bootstrap have to be replaced (once idle). */
export const BOOTSTRAP_VERSION = '2';

/**
 * The user-data as the API takes it: base64 of gzip. The same bytes for the same input on one version of Node, whose gzip
 * header carries no time.
 */
export function renderUserData(input: MachineSettings): string {
  return gzipSync(renderCloudConfig(input), { level: 9 }).toString('base64');
}

/** The plain `#cloud-config` text. */
export function renderCloudConfig(input: MachineSettings): string {
  const files = [settingsFile(input, BOOTSTRAP_VERSION), ...linkFiles(input), ...machineFiles(input.gpu)];
  return `#cloud-config
# Made by ollama-exoscale, bootstrap ${BOOTSTRAP_VERSION}: docs/operations.md says where to look when a boot fails.
write_files:
${files.map(writeFile).join('')}
# The dead-man timer first: it must be armed whatever happens to the rest.
runcmd:
  - [systemctl, daemon-reload]
  - [systemctl, enable, --now, ollama-gateway-dead-man.timer]
  - [systemctl, enable, ollama-gateway-bootstrap.service]
  - [systemctl, start, --no-block, ollama-gateway-bootstrap.service]
`;
}

/** A literal block needs no escapes: every file is plain text that ends in one line feed and begins in column 0. */
function writeFile(file: MachineFile): string {
  const block = file.content.trimEnd().replaceAll(/^(?=.)/gm, '      ');
  return `  - path: ${file.path}\n    permissions: '${file.mode}'\n    content: |\n${block}\n`;
}

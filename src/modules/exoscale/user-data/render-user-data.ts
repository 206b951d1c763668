/**
 * Renders the user-data that turns a plain Ubuntu 24.04 into an Ollama server (cloud-init, architecture.md §3). It knows
 * the machine's files and nothing of the API that carries them.
 */
import { gzipSync } from 'node:zlib';

/** Part of the fingerprint: raise it when machines made by an older bootstrap have to be replaced (once idle). */
export const BOOTSTRAP_VERSION = '1';

export interface UserDataInput {
  launchId: string;
  /** Whether the instance type has a GPU: installs driver and container toolkit. */
  gpu: boolean;
  /** Port of the machine on which Ollama is published. */
  linkPort: number;
  /** Container image of Ollama, pinned. */
  image: string;
  /** Settings passed to Ollama; names start with `OLLAMA_`. */
  ollamaEnv: Record<string, string>;
  /** The gateway's idle timeout; the dead-man timer adds its grace to it. */
  idleTimeoutSec: number;
}

/** The user-data as the API takes it: base64 of gzip, the same bytes for the same input. */
export function renderUserData(input: UserDataInput): string {
  return gzipSync(renderCloudConfig(input), { level: 9 }).toString('base64');
}

/** The plain `#cloud-config` text. */
export function renderCloudConfig(input: UserDataInput): string {
  return `#cloud-config\n# launch ${input.launchId}\n`;
}

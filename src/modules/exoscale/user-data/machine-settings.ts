/** What differs from machine to machine. Plain data: knows no file, no shell and no cloud. */
import type { MachineEnd } from '../../link/machine-link.js';

export interface MachineSettings {
  launchId: string;
  /** Whether the instance type has a GPU: installs driver and container toolkit. */
  gpu: boolean;
  /** The only port that is open: nginx listens on it, with or without TLS. */
  linkPort: number;
  link: MachineEnd;
  /** Container image of Ollama, pinned. */
  image: string;
  /** Settings passed to Ollama; names start with `OLLAMA_`. */
  ollamaEnv: Record<string, string>;
  /** The gateway's idle timeout, until the gateway tells another over the link; the dead-man timer adds its grace to it. */
  idleTimeoutSec: number;
}

const OLLAMA_PORT = 11434;

/** Port of Ollama on the machine's loopback: its usual one, unless the link has that on all addresses. */
export function ollamaPortOf({ linkPort }: Pick<MachineSettings, 'linkPort'>): number {
  return linkPort === OLLAMA_PORT ? OLLAMA_PORT + 1 : OLLAMA_PORT;
}

/**
 * What the lifecycle needs of the Ollama on a machine. `modules/machine` implements it over the link. Every method
 * rejects with a MachineError; none of them is ever cancelled by a client of the gateway.
 */

/** Where a machine's Ollama answers, e.g. `http://203.0.113.7:11434`. */
export type MachineUrl = string;

/** Answers of Ollama kept for the time when the machine sleeps: JSON texts as Ollama sent them. */
export interface Catalogue {
  version: string | null;
  /** Body of GET /api/tags. */
  tags: string | null;
  /** Body of POST /api/show per full model name. */
  show: Record<string, string>;
  atMs: number;
}

export abstract class MachinePort {
  /** The base URL for an address on the configured link. */
  abstract urlOf(address: string): MachineUrl;
  /** True when Ollama answers `GET /` with its own words within a few seconds; false for every other answer or none. */
  abstract probe(url: MachineUrl): Promise<boolean>;
  /** Whether the model is on the machine's disk; names are compared as `name:tag`, case-insensitive, `latest` by default. */
  abstract has(url: MachineUrl, model: string): Promise<boolean>;
  /** Pulls the model; `onProgress` gets the completed fraction in [0, 1]. Resolves after Ollama's `success`. */
  abstract pull(
    url: MachineUrl,
    model: string,
    onProgress: (fraction: number) => void,
    signal: AbortSignal,
  ): Promise<void>;
  /**
   * Loads the model with `keep_alive: -1` (through /api/embed for embedding models) and resolves only when Ollama
   * answered `done_reason: "load"` and lists it in /api/ps.
   */
  abstract load(url: MachineUrl, model: string, signal: AbortSignal): Promise<void>;
  /** Reads what the sleeping gateway will answer with. */
  abstract catalogue(url: MachineUrl): Promise<Catalogue>;
}

export type MachineErrorKind =
  /** No or a broken answer: look and probe again. */
  | 'unreachable'
  /** The registry knows no such model. */
  | 'model_missing'
  /** No space left on the device. */
  | 'disk_full'
  /** Ollama answered, but cannot serve the model. */
  | 'model_failed';

export class MachineError extends Error {
  override readonly name = 'MachineError';

  constructor(
    readonly kind: MachineErrorKind,
    message: string,
    cause?: unknown,
  ) {
    super(message, cause === undefined ? undefined : { cause });
  }
}

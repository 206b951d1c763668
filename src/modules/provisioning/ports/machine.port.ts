/**
 * What the lifecycle needs of the Ollama on a machine. `modules/machine` implements it over the link. Every method
 * rejects with a MachineError; none of them is ever cancelled by a client of the gateway.
 */

/** Where a machine answers, and who it must prove to be. */
export interface MachineTarget {
  /** Base URL of its Ollama over the link, e.g. `https://203.0.113.7:8443`. */
  readonly url: string;
  readonly launchId: string;
  /** Epoch of the link keys it was made with; 0 = the plain link. */
  readonly linkEpoch: number;
}

/** Whether a connection to one is a connection to the other. */
export function isSameTarget(a: MachineTarget, b: MachineTarget): boolean {
  return a.url === b.url && a.launchId === b.launchId && a.linkEpoch === b.linkEpoch;
}

/** What a probe has found. */
export type ProbeOutcome =
  | 'answered'
  /** The machine is there and refuses requests, because it was latched for a stop. */
  | 'latched'
  /** Nothing, or nothing that makes sense: it may still be booting. */
  | 'silent'
  /** Something that is not the machine meant, or a machine that does not take our keys. */
  | 'refused';

/** What the machine's own dead-man timer must know. */
export interface Instructions {
  idleTimeoutSec: number;
  /** Unix time until which the machine stays on without use; null for none. */
  keepAwakeUntilMs: number | null;
}

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
  /** The target for a machine of the cloud on the configured link. */
  abstract targetOf(address: string, launchId: string, linkEpoch: number): MachineTarget;
  /** Asks `GET /` once, over a connection of its own, for a few seconds at most. Never rejects. */
  abstract probe(target: MachineTarget): Promise<ProbeOutcome>;
  /** Tells the dead-man timer what it must know, and takes away a drain latch left behind. */
  abstract instruct(target: MachineTarget, instructions: Instructions): Promise<void>;
  /**
   * Lets the machine refuse new requests and resolves with the number of those in progress on it, seen in two looks a
   * moment apart; null when the machine has no latch (made by an older release).
   */
  abstract latch(target: MachineTarget): Promise<number | null>;
  /** Lets the machine take requests again. */
  abstract unlatch(target: MachineTarget): Promise<void>;
  /** Whether the model is on the machine's disk; names are compared as `name:tag`, case-insensitive, `latest` by default. */
  abstract has(target: MachineTarget, model: string): Promise<boolean>;
  /** Pulls the model; `onProgress` gets the completed fraction in [0, 1]. Resolves after Ollama's `success`. */
  abstract pull(
    target: MachineTarget,
    model: string,
    onProgress: (fraction: number) => void,
    signal: AbortSignal,
  ): Promise<void>;
  /**
   * Loads the model with `keep_alive: -1` (through /api/embed for embedding models) and resolves only when Ollama
   * answered `done_reason: "load"` and lists it in /api/ps.
   */
  abstract load(target: MachineTarget, model: string, signal: AbortSignal): Promise<void>;
  /** Reads what the sleeping gateway will answer with. */
  abstract catalogue(target: MachineTarget): Promise<Catalogue>;
}

export type MachineErrorKind =
  /** No or a broken answer: look and probe again. */
  | 'unreachable'
  /** The machine does not take our keys, or is not the one meant. */
  | 'refused'
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

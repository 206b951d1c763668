/** How a fake Ollama behaves. Fields may be changed while it runs; every request reads them when it needs them. */
import { fullName } from './model-disk.js';

export type Refusal =
  /** The registry knows no such model. */
  | 'missing'
  /** No space left on the device while pulling. */
  | 'disk'
  /** The model is there, but its runner dies while loading. */
  | 'load-error';

export interface OllamaBehaviour {
  /** Duration of a whole pull. */
  pullMs: number;
  loadMs: number;
  /** Silence between the loaded model and its first token: a long prompt evaluation. */
  firstTokenMs: number;
  /** Silence between two tokens. */
  tokenMs: number;
  /** Tokens of an answer. */
  tokens: number;
  /** True: requests are taken and never answered, as by a frozen machine. */
  hang: boolean;
  /** True: inference is refused as by a full queue. */
  busy: boolean;
  /** Refusals by full model name (`name:tag`). */
  refusals: Map<string, Refusal>;
}

/** Fast enough for a test, slow enough to be seen. */
export function defaultBehaviour(): OllamaBehaviour {
  return {
    pullMs: 100,
    loadMs: 50,
    firstTokenMs: 0,
    tokenMs: 10,
    tokens: 10,
    hang: false,
    busy: false,
    refusals: new Map(),
  };
}

export function refusalOf(behaviour: OllamaBehaviour, model: string): Refusal | undefined {
  return behaviour.refusals.get(fullName(model));
}

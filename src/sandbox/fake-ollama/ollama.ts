/** What the handlers of a fake Ollama share: its disk, its memory, its behaviour. No HTTP here. */
import type { Clock } from '../../common/time/clock.js';
import type { OllamaBehaviour } from './behaviour.js';
import { isEmbedding, type DiskModel, type ModelDisk } from './model-disk.js';
import { OllamaError } from './ollama-error.js';
import type { Runners } from './runners.js';

export class Ollama {
  /** Digests of uploaded blobs. */
  readonly blobs = new Set<string>();

  constructor(
    readonly clock: Clock,
    readonly behaviour: OllamaBehaviour,
    readonly disk: ModelDisk,
    readonly runners: Runners,
  ) {}

  /** The model a request names. @throws OllamaError 400, 404 */
  model(name: unknown): DiskModel {
    if (typeof name !== 'string' || name === '') throw new OllamaError(400, 'model is required');
    const model = this.disk.find(name);
    if (!model) throw new OllamaError(404, `model '${name}' not found`);
    return model;
  }

  /** Like `model`, for generation. @throws OllamaError 400 for embedding models */
  generator(name: unknown): DiskModel {
    const model = this.model(name);
    if (isEmbedding(model.name)) throw new OllamaError(400, `"${String(name)}" does not support generate`);
    return model;
  }

  /** The tokens of one answer, with the configured silences. Ends by rejecting when `signal` aborts. */
  async *tokens(signal: AbortSignal, limit: unknown): AsyncGenerator<string> {
    const wanted = typeof limit === 'number' && limit > 0 ? limit : Infinity;
    if (this.behaviour.firstTokenMs > 0) await this.clock.sleep(this.behaviour.firstTokenMs, signal);
    for (let index = 0; index < Math.min(this.behaviour.tokens, wanted); index += 1) {
      if (index > 0 && this.behaviour.tokenMs > 0) await this.clock.sleep(this.behaviour.tokenMs, signal);
      yield WORDS[index % WORDS.length] as string;
    }
  }
}

const WORDS = ['The', ' sky', ' is', ' blue', ' because', ' air', ' scatters', ' short', ' waves', ' most.'];

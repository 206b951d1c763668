/** POST /api/embed and the older /api/embeddings. An empty input only loads the model. */
import type { Exchange } from './exchange.js';
import { readKeepAlive } from './keep-alive.js';
import type { Ollama } from './ollama.js';
import { OllamaError } from './ollama-error.js';

export async function embed(exchange: Exchange, ollama: Ollama): Promise<void> {
  const body = await exchange.json();
  const startedMs = ollama.clock.monotonicMs();
  await load(exchange, ollama, body.model, body.keep_alive);
  const inputs = inputsOf(body.input);
  const durationNs = Math.max(1, Math.round((ollama.clock.monotonicMs() - startedMs) * 1e6));
  exchange.sendJson(200, {
    model: body.model,
    embeddings: inputs.map(vector),
    total_duration: durationNs,
    load_duration: durationNs,
    ...(inputs.length > 0 && { prompt_eval_count: inputs.length }),
  });
}

export async function embeddings(exchange: Exchange, ollama: Ollama): Promise<void> {
  const body = await exchange.json();
  await load(exchange, ollama, body.model, body.keep_alive);
  const prompt = typeof body.prompt === 'string' ? body.prompt : '';
  exchange.sendJson(200, { embedding: prompt === '' ? [] : vector(prompt) });
}

/** A string or a list of strings; anything else counts as empty. */
export function inputsOf(input: unknown): string[] {
  const list: unknown[] = Array.isArray(input) ? input : [input];
  return list.filter((one): one is string => typeof one === 'string' && one !== '');
}

/** A short vector that depends on the text. */
export function vector(text: string): number[] {
  return Array.from({ length: 8 }, (_unused, index) => ((text.charCodeAt(index % text.length) % 64) - 32) / 32);
}

async function load(exchange: Exchange, ollama: Ollama, name: unknown, keepAlive: unknown): Promise<void> {
  const model = typeof name === 'string' ? ollama.disk.find(name) : undefined;
  if (!model) throw new OllamaError(404, `model "${String(name)}" not found, try pulling it first`);
  await ollama.runners.ensure(model, readKeepAlive(keepAlive), exchange.signal);
}

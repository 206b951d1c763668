/** POST /api/generate and /api/chat: load, unload, NDJSON stream or one object (ollama-api.md §1.3). */
import type { Exchange, JsonObject } from './exchange.js';
import { readKeepAlive } from './keep-alive.js';
import type { Ollama } from './ollama.js';

/** Where the two routes differ: the name of the text and of the prompt. */
interface Dialect {
  isEmpty: (body: JsonObject) => boolean;
  piece: (text: string) => object;
}

const GENERATE: Dialect = {
  isEmpty: (body) => body.prompt === undefined || body.prompt === '',
  piece: (text) => ({ response: text }),
};

const CHAT: Dialect = {
  isEmpty: (body) => !Array.isArray(body.messages) || body.messages.length === 0,
  piece: (text) => ({ message: { role: 'assistant', content: text } }),
};

export function generate(exchange: Exchange, ollama: Ollama): Promise<void> {
  return infer(exchange, ollama, GENERATE);
}

export function chat(exchange: Exchange, ollama: Ollama): Promise<void> {
  return infer(exchange, ollama, CHAT);
}

async function infer(exchange: Exchange, ollama: Ollama, dialect: Dialect): Promise<void> {
  const body = await exchange.json();
  const startedMs = ollama.clock.monotonicMs();
  const model = ollama.generator(body.model);
  const keepAliveMs = readKeepAlive(body.keep_alive);
  const line = (text: string, rest: object): object => ({
    model: body.model,
    created_at: new Date(ollama.clock.nowMs()).toISOString(),
    ...dialect.piece(text),
    ...rest,
  });

  if (dialect.isEmpty(body) && keepAliveMs === 0) {
    ollama.runners.unload(model.name);
    return exchange.sendJson(200, line('', { done: true, done_reason: 'unload' }));
  }
  await ollama.runners.ensure(model, keepAliveMs, exchange.signal);
  // Load-only answers are one object even where streaming is the default.
  if (dialect.isEmpty(body)) return exchange.sendJson(200, line('', { done: true, done_reason: 'load' }));

  const loadedMs = ollama.clock.monotonicMs();
  const limit = (body.options as JsonObject | undefined)?.num_predict;
  const streaming = body.stream !== false;
  let text = '';
  let count = 0;
  for await (const token of ollama.tokens(exchange.signal, limit)) {
    text += token;
    count += 1;
    if (streaming) await exchange.writeLine(line(token, { done: false }));
  }
  const last = {
    done: true,
    done_reason: limit === count ? 'length' : 'stop',
    ...(dialect === GENERATE && { context: [1, 2, 3] }),
    ...durations(ollama, { startedMs, loadedMs, count }),
  };
  if (keepAliveMs === 0) ollama.runners.unload(model.name);
  if (!streaming) return exchange.sendJson(200, line(text, last));
  await exchange.writeLine(line('', last));
  exchange.end();
}

/** Durations are nanoseconds, and Ollama leaves out every metric that is zero. */
function durations(ollama: Ollama, at: { startedMs: number; loadedMs: number; count: number }): object {
  const nowMs = ollama.clock.monotonicMs();
  const metrics = {
    total_duration: nanoseconds(nowMs - at.startedMs),
    load_duration: nanoseconds(at.loadedMs - at.startedMs),
    prompt_eval_count: 7,
    prompt_eval_duration: nanoseconds(ollama.behaviour.firstTokenMs),
    eval_count: at.count,
    eval_duration: nanoseconds(nowMs - at.loadedMs),
  };
  return Object.fromEntries(Object.entries(metrics).filter(([, value]) => value > 0));
}

function nanoseconds(ms: number): number {
  return Math.round(ms * 1e6);
}

/** The OpenAI-compatible routes: streaming is off by default, chunks are SSE, usage comes only when asked for. */
import { inputsOf, vector } from './embedding.js';
import type { Exchange, JsonObject } from './exchange.js';
import type { Ollama } from './ollama.js';
import { OllamaError } from './ollama-error.js';

const SSE = 'text/event-stream';
const PROMPT_TOKENS = 7;

export function chatCompletions(exchange: Exchange, ollama: Ollama): Promise<void> {
  return complete(exchange, ollama, {
    prefix: 'chatcmpl',
    object: 'chat.completion',
    chunkObject: 'chat.completion.chunk',
    whole: (content) => ({ message: { role: 'assistant', content } }),
    piece: (content) => ({ delta: { role: 'assistant', content } }),
    last: { delta: {} },
  });
}

export function completions(exchange: Exchange, ollama: Ollama): Promise<void> {
  return complete(exchange, ollama, {
    prefix: 'cmpl',
    object: 'text_completion',
    chunkObject: 'text_completion',
    whole: (text) => ({ text }),
    piece: (text) => ({ text }),
    last: { text: '' },
  });
}

export async function openaiEmbeddings(exchange: Exchange, ollama: Ollama): Promise<void> {
  const body = await exchange.json();
  const model = ollama.model(body.model);
  await ollama.runners.ensure(model, undefined, exchange.signal);
  const inputs = inputsOf(body.input);
  if (inputs.length === 0) throw new OllamaError(400, 'invalid input');
  exchange.sendJson(200, {
    object: 'list',
    data: inputs.map((text, index) => ({ object: 'embedding', embedding: vector(text), index })),
    model: body.model,
    usage: { prompt_tokens: inputs.length, total_tokens: inputs.length },
  });
}

export function listModels(exchange: Exchange, ollama: Ollama): void {
  const data = ollama.disk.list().map((one) => modelObject(one.name, one.modifiedAtMs));
  // Go writes an empty slice that was never made as null.
  exchange.sendJson(200, { object: 'list', data: data.length > 0 ? data : null });
}

export function getModel(exchange: Exchange, ollama: Ollama, [name = '']: string[]): void {
  const model = ollama.model(decodeURIComponent(name));
  exchange.sendJson(200, modelObject(model.name, model.modifiedAtMs));
}

interface Shape {
  prefix: string;
  object: string;
  chunkObject: string;
  whole: (text: string) => object;
  piece: (text: string) => object;
  last: object;
}

async function complete(exchange: Exchange, ollama: Ollama, shape: Shape): Promise<void> {
  const body = await exchange.json();
  const model = ollama.generator(body.model);
  await ollama.runners.ensure(model, undefined, exchange.signal);
  const created = Math.floor(ollama.clock.nowMs() / 1000);
  const head = (object: string): object => ({
    id: `${shape.prefix}-1`,
    object,
    created,
    model: body.model,
    system_fingerprint: 'fp_ollama',
  });
  const send = (rest: object): Promise<void> =>
    exchange.write(SSE, `data: ${JSON.stringify({ ...head(shape.chunkObject), ...rest })}\n\n`);

  let text = '';
  let count = 0;
  for await (const token of ollama.tokens(exchange.signal, body.max_tokens)) {
    text += token;
    count += 1;
    if (body.stream === true) {
      await send({ choices: [{ index: 0, ...shape.piece(token), finish_reason: null }] });
    }
  }
  const usage = { prompt_tokens: PROMPT_TOKENS, completion_tokens: count, total_tokens: PROMPT_TOKENS + count };
  if (body.stream !== true) {
    const choices = [{ index: 0, ...shape.whole(text), finish_reason: 'stop' }];
    return exchange.sendJson(200, { ...head(shape.object), choices, usage });
  }
  await send({ choices: [{ index: 0, ...shape.last, finish_reason: 'stop' }] });
  if ((body.stream_options as JsonObject | undefined)?.include_usage === true) await send({ choices: [], usage });
  await exchange.write(SSE, 'data: [DONE]\n\n');
  exchange.end();
}

function modelObject(id: string, modifiedAtMs: number): object {
  return { id, object: 'model', created: Math.floor(modifiedAtMs / 1000), owned_by: 'library' };
}

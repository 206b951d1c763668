/** POST /v1/responses (OpenAI) and /v1/messages (Anthropic), the least that their clients accept; SSE with event names. */
import type { Exchange, JsonObject } from './exchange.js';
import type { Ollama } from './ollama.js';
import { OllamaError } from './ollama-error.js';

const INPUT_TOKENS = 7;

export async function responses(exchange: Exchange, ollama: Ollama): Promise<void> {
  const body = await ready(exchange, ollama);
  const shape = (status: string, text: string, count: number): object => ({
    id: 'resp_1',
    object: 'response',
    status,
    model: body.model,
    output: [{ type: 'message', id: 'msg_1', role: 'assistant', content: [{ type: 'output_text', text }] }],
    usage: { input_tokens: INPUT_TOKENS, output_tokens: count, total_tokens: INPUT_TOKENS + count },
  });
  const delta = (text: string): object => ({ item_id: 'msg_1', output_index: 0, content_index: 0, delta: text });
  await run(exchange, ollama, body, {
    limit: body.max_output_tokens,
    begin: [['response.created', { response: shape('in_progress', '', 0) }]],
    piece: (text) => ['response.output_text.delta', delta(text)],
    finish: (text, count) => [['response.completed', { response: shape('completed', text, count) }]],
    whole: (text, count) => shape('completed', text, count),
  });
}

export async function messages(exchange: Exchange, ollama: Ollama): Promise<void> {
  const body = await ready(exchange, ollama);
  if (typeof body.max_tokens !== 'number') throw new OllamaError(400, 'max_tokens is required and must be positive');
  const message = (content: object[], stopReason: string | null, count: number): object => ({
    id: 'msg_1',
    type: 'message',
    role: 'assistant',
    model: body.model,
    content,
    stop_reason: stopReason,
    usage: { input_tokens: INPUT_TOKENS, output_tokens: count },
  });
  await run(exchange, ollama, body, {
    limit: body.max_tokens,
    begin: [
      ['message_start', { message: message([], null, 0) }],
      ['content_block_start', { index: 0, content_block: { type: 'text', text: '' } }],
    ],
    piece: (text) => ['content_block_delta', { index: 0, delta: { type: 'text_delta', text } }],
    finish: (_text, count) => [
      ['content_block_stop', { index: 0 }],
      ['message_delta', { delta: { stop_reason: 'end_turn' }, usage: { output_tokens: count } }],
      ['message_stop', {}],
    ],
    whole: (text, count) => message([{ type: 'text', text }], 'end_turn', count),
  });
}

type NamedEvent = [name: string, data: object];

interface Script {
  limit: unknown;
  begin: NamedEvent[];
  piece: (text: string) => NamedEvent;
  finish: (text: string, count: number) => NamedEvent[];
  whole: (text: string, count: number) => object;
}

async function ready(exchange: Exchange, ollama: Ollama): Promise<JsonObject> {
  const body = await exchange.json();
  await ollama.runners.ensure(ollama.generator(body.model), undefined, exchange.signal);
  return body;
}

async function run(exchange: Exchange, ollama: Ollama, body: JsonObject, script: Script): Promise<void> {
  const streaming = body.stream === true;
  const send = async (events: NamedEvent[]): Promise<void> => {
    for (const [type, data] of events) {
      await exchange.write('text/event-stream', `event: ${type}\ndata: ${JSON.stringify({ type, ...data })}\n\n`);
    }
  };
  let text = '';
  let count = 0;
  for await (const token of ollama.tokens(exchange.signal, script.limit)) {
    text += token;
    count += 1;
    // The opening events wait for the first token: nothing is sent before it.
    if (streaming) await send([...(count === 1 ? script.begin : []), script.piece(token)]);
  }
  if (!streaming) return exchange.sendJson(200, script.whole(text, count));
  await send(script.finish(text, count));
  exchange.end();
}

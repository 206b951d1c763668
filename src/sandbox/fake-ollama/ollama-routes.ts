/** The route table of Ollama (ollama-api.md §1.1), and gin's answers to everything that is not in it. */
import { messages, responses } from './agent-routes.js';
import { embed, embeddings } from './embedding.js';
import type { Exchange } from './exchange.js';
import { chat, generate } from './inference.js';
import { blobExists, copy, create, ps, remove, show, tags, uploadBlob } from './model-management.js';
import type { Ollama } from './ollama.js';
import { chatCompletions, completions, getModel, listModels, openaiEmbeddings } from './openai-routes.js';
import { pull } from './pull.js';

/** A release of 2026-08; the fake follows the routes of that time. */
const VERSION = '0.32.15';

type Handler = (exchange: Exchange, ollama: Ollama, params: string[]) => void | Promise<void>;

interface Route {
  methods: readonly string[];
  pattern: RegExp;
  handler: Handler;
  /** Holds a stream open: counted while it lasts. */
  inference: boolean;
}

const route = (methods: string, path: string, handler: Handler, inference = false): Route => ({
  methods: methods.split(','),
  pattern: new RegExp(`^${path.replace(/:\w+/, '([^/]+)')}$`),
  handler,
  inference,
});
const running: Handler = (exchange) => exchange.send(200, 'text/plain; charset=utf-8', 'Ollama is running');
const version: Handler = (exchange) => exchange.sendJson(200, { version: VERSION });

const ROUTES: readonly Route[] = [
  route('GET,HEAD', '/', running),
  route('GET,HEAD', '/api/version', version),
  route('GET,HEAD', '/api/tags', tags),
  route('GET', '/api/ps', ps),
  route('POST', '/api/show', show),
  route('POST', '/api/generate', generate, true),
  route('POST', '/api/chat', chat, true),
  route('POST', '/api/embed', embed, true),
  route('POST', '/api/embeddings', embeddings, true),
  route('POST', '/api/pull', pull),
  route('POST', '/api/create', create),
  route('POST', '/api/copy', copy),
  route('DELETE', '/api/delete', remove),
  route('HEAD', '/api/blobs/:digest', blobExists),
  route('POST', '/api/blobs/:digest', uploadBlob),
  route('POST', '/v1/chat/completions', chatCompletions, true),
  route('POST', '/v1/completions', completions, true),
  route('POST', '/v1/embeddings', openaiEmbeddings, true),
  route('GET', '/v1/models', listModels),
  route('GET', '/v1/models/:model', getModel),
  route('POST', '/v1/responses', responses, true),
  route('POST', '/v1/messages', messages, true),
];

/** The route of a request and its parameters; null when gin answers by itself. */
export function findRoute(exchange: Exchange): { route: Route; params: string[] } | null {
  for (const candidate of ROUTES) {
    const match = candidate.methods.includes(exchange.method) ? candidate.pattern.exec(exchange.path) : null;
    if (match) return { route: candidate, params: match.slice(1) };
  }
  return null;
}

/** 301 or 307 without the trailing slash, 405 with Allow, or the 404 text. */
export function answerUnrouted(exchange: Exchange): void {
  const { path, method } = exchange;
  const methodsOf = (wanted: string): string[] =>
    ROUTES.filter((one) => one.pattern.test(wanted)).flatMap((one) => one.methods);
  const trimmed = path.replace(/\/$/, '');
  if (trimmed !== path && methodsOf(trimmed).includes(method)) {
    return exchange.sendEmpty(method === 'GET' ? 301 : 307, { Location: trimmed });
  }
  const allowed = methodsOf(path);
  if (allowed.length > 0) return exchange.sendText(405, '405 method not allowed', { Allow: allowed.join(', ') });
  exchange.sendText(404, '404 page not found');
}

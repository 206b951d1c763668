/**
 * The Ollama of the bench: as cheap as node:http can be, with just the routes that a bring-up and the measurements use.
 * It lives in the bench's own process, whose CPU is counted nowhere; both proxies speak to it directly.
 */
import { createServer } from 'node:http';

/** @typedef {import('node:http').IncomingMessage} IncomingMessage */
/** @typedef {import('node:http').ServerResponse} ServerResponse */

export const MODEL = 'granite3.1-dense:8b';
export const SMALL_PATH = '/api/version';
export const STREAM_PATH = '/api/chat';
export const UPLOAD_PATH = '/api/blobs/sha256:0000000000000000000000000000000000000000000000000000000000000000';

/** One token as Ollama streams it. */
export const TOKEN_LINE = Buffer.from(
  `{"model":"${MODEL}","created_at":"2026-11-24T10:00:00.123456789Z","message":{"role":"assistant","content":" sky"},"done":false}\n`,
);

const MODELS = { models: [{ name: MODEL, model: MODEL, modified_at: '2026-11-24T10:00:00Z', size: 1, digest: '0' }] };
const JSON_ANSWERS = new Map(
  Object.entries({
    [SMALL_PATH]: { version: '0.32.15' },
    '/api/tags': MODELS,
    '/api/ps': MODELS,
    '/api/show': { details: {} },
    '/api/generate': { model: MODEL, response: '', done: true, done_reason: 'load' },
  }).map(([path, body]) => [path, Buffer.from(JSON.stringify(body))]),
);

/** A machine's disk is slower than a client on loopback: the sink rests a little after each of these. */
const SINK_REST_EVERY_BYTES = 4 * 1024 * 1024;

export class Upstream {
  /** Called with each new stream, whose head is written and whose chunks are the caller's. */
  onStream = (/** @type {ServerResponse} */ response, /** @type {string} */ _id) => void response.end();
  /** Bytes of all uploads so far. */
  uploadedBytes = 0;
  port = 0;
  #server = createServer({ keepAliveTimeout: 0, requestTimeout: 0 }, (request, response) =>
    this.#answer(request, response),
  );

  /** @param {import('./scope.mjs').Scope} scope */
  static async start(scope) {
    const upstream = new Upstream();
    const server = upstream.#server;
    await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
    upstream.port = /** @type {import('node:net').AddressInfo} */ (server.address()).port;
    scope.defer(async () => {
      server.closeAllConnections();
      server.close();
    });
    return upstream;
  }

  /**
   * @param {IncomingMessage} request
   * @param {ServerResponse} response
   */
  #answer(request, response) {
    const [path = '/', query = ''] = (request.url ?? '/').split('?');
    if (path === UPLOAD_PATH) return this.#sink(request, response);
    request.resume();
    if (path === '/') return void response.end('Ollama is running');
    if (path === STREAM_PATH) {
      response.writeHead(200, { 'Content-Type': 'application/x-ndjson' });
      return this.onStream(response, query);
    }
    const body = JSON_ANSWERS.get(path);
    if (!body) return void response.writeHead(404).end();
    response.writeHead(200, { 'Content-Type': 'application/json; charset=utf-8', 'Content-Length': body.length });
    response.end(body);
  }

  /**
   * @param {IncomingMessage} request
   * @param {ServerResponse} response
   */
  #sink(request, response) {
    let sinceRest = 0;
    request.on('data', (/** @type {Buffer} */ chunk) => {
      this.uploadedBytes += chunk.length;
      sinceRest += chunk.length;
      if (sinceRest < SINK_REST_EVERY_BYTES) return;
      sinceRest = 0;
      request.pause();
      setTimeout(() => request.resume(), 1);
    });
    request.on('end', () => response.writeHead(201).end());
  }
}

/**
 * Both ends of streamed answers: the upstream writes a stream's next chunk when the client has the one before. So each
 * chunk crosses the proxy by itself, as tokens do, however fast or slow the proxy is.
 */
import { Agent, request } from 'node:http';
import { STREAM_PATH, TOKEN_LINE } from '../setting/upstream.mjs';

const BODY = '{"model":"granite3.1-dense:8b","messages":[{"role":"user","content":"why is the sky blue?"}]}';
const HEADERS = { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(BODY) };

/**
 * @typedef {object} Watcher
 * @property {() => void} passed  all chunks of a stream have come; it stays open
 * @property {() => void} ended
 * @property {(error: Error) => void} failed
 */

export class TokenStreams {
  #agent = new Agent({ keepAlive: true });
  /** The upstream's end of each open stream, by the stream's number. @type {Map<string, import('node:http').ServerResponse>} */
  #ends = new Map();
  #opened = 0;

  /** @param {import('../setting/upstream.mjs').Upstream} upstream */
  constructor(upstream) {
    upstream.onStream = (response, number) => {
      this.#ends.set(number, response);
      response.write(TOKEN_LINE);
    };
  }

  /**
   * Opens streams through the proxy at `url` and passes chunks over each; then `whileOpen` runs with all of them still
   * open and silent; then they end. Rejects when a byte is lost.
   * @param {string} url
   * @param {{ streams: number, chunks: number }} amount  chunks are per stream
   * @param {() => Promise<void>} [whileOpen]
   * @returns {Promise<void>}
   */
  pass(url, { streams, chunks }, whileOpen = async () => undefined) {
    return new Promise((resolve, reject) => {
      let passed = 0;
      let ended = 0;
      const watcher = {
        passed: () => {
          passed += 1;
          if (passed === streams) whileOpen().then(() => this.#endAll(), reject);
        },
        ended: () => {
          ended += 1;
          if (ended === streams) resolve();
        },
        failed: reject,
      };
      for (let i = 0; i < streams; i += 1) this.#open(url, chunks, watcher);
    });
  }

  close() {
    this.#agent.destroy();
  }

  /**
   * @param {string} url
   * @param {number} chunks
   * @param {Watcher} watcher
   */
  #open(url, chunks, watcher) {
    this.#opened += 1;
    const number = String(this.#opened);
    const expected = chunks * TOKEN_LINE.length;
    const call = request(`${url}${STREAM_PATH}?${number}`, { method: 'POST', agent: this.#agent, headers: HEADERS });
    call.on('error', watcher.failed);
    call.on('response', (response) => {
      let bytes = 0;
      response.on('data', (/** @type {Buffer} */ piece) => {
        bytes += piece.length;
        if (bytes === expected) watcher.passed();
        else if (bytes % TOKEN_LINE.length === 0) this.#ends.get(number)?.write(TOKEN_LINE);
      });
      response.on('error', watcher.failed);
      response.on('end', () => {
        if (bytes === expected) watcher.ended();
        else watcher.failed(new Error(`a stream through ${url} had ${bytes} bytes in place of ${expected}`));
      });
    });
    call.end(BODY);
  }

  #endAll() {
    for (const end of this.#ends.values()) end.end();
    this.#ends.clear();
  }
}

/** Open streams whose tokens come at the pace of a model, not as fast as they can: users who read, for as long as it takes. */
import { Agent, request } from 'node:http';
import { STREAM_PATH, TOKEN_LINE } from '../setting/upstream.mjs';

const BODY = '{"model":"granite3.1-dense:8b","messages":[{"role":"user","content":"why is the sky blue?"}]}';
const HEADERS = { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(BODY) };
/** A token per stream and turn. The streams take turns in slices, so that tokens come evenly. */
const TURN_MS = 100;
const SLICES = 10;

export class SteadyStreams {
  #agent = new Agent({ keepAlive: false });
  /** The upstream's ends. @type {import('node:http').ServerResponse[]} */
  #ends = [];
  /** @type {NodeJS.Timeout | null} */
  #pacer = null;
  #slice = 0;

  /**
   * Resolves when all of them speak.
   * @param {import('../setting/upstream.mjs').Upstream} upstream
   * @param {string} url
   * @param {number} streams
   */
  async open(upstream, url, streams) {
    upstream.onStream = (response) => void this.#ends.push(response);
    this.#pacer = setInterval(() => this.#speak(), TURN_MS / SLICES);
    await Promise.all(Array.from({ length: streams }, () => this.#hear(url)));
  }

  close() {
    if (this.#pacer) clearInterval(this.#pacer);
    for (const end of this.#ends.splice(0)) end.end();
    this.#agent.destroy();
  }

  #speak() {
    this.#slice = (this.#slice + 1) % SLICES;
    for (let i = this.#slice; i < this.#ends.length; i += SLICES) this.#ends[i]?.write(TOKEN_LINE);
  }

  /** @param {string} url */
  #hear(url) {
    return new Promise((resolve, reject) => {
      const call = request(`${url}${STREAM_PATH}`, { method: 'POST', agent: this.#agent, headers: HEADERS });
      // Whoever is cut at the end has been heard before.
      call.on('error', reject).on('response', (response) => response.on('error', reject).on('data', resolve));
      call.end(BODY);
    });
  }
}

/**
 * Distance: a relay that passes every byte on a fixed time later, in both directions, and counts how often the two ends
 * have waited for each other. Of a connection's set-up it delays nothing, for the kernel answers that by itself.
 */
import { connect, createServer } from 'node:net';

/** @typedef {import('node:net').Socket} Socket */

export class DistantRelay {
  /** Of each connection since the last `reset`, the newest last: how often the near end spoke after the far end had. */
  trips = /** @type {number[]} */ ([]);
  /** @type {Set<Socket>} */
  #sockets = new Set();
  #delayMs;

  /**
   * @param {import('./scope.mjs').Scope} scope
   * @param {{ host: string, port: number, toHost: string, delayMs: number }} options  both ends have the same port
   */
  static async start(scope, { host, port, toHost, delayMs }) {
    const relay = new DistantRelay(delayMs);
    const server = createServer((near) => relay.#join(near, connect({ host: toHost, port })));
    await new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, () => resolve(undefined));
    });
    scope.defer(async () => {
      server.close();
      relay.cut();
    });
    return relay;
  }

  /** @param {number} delayMs  one way */
  constructor(delayMs) {
    this.#delayMs = delayMs;
  }

  /** Breaks every connection. */
  cut() {
    for (const socket of this.#sockets) socket.destroy();
    this.#sockets.clear();
  }

  /**
   * @param {Socket} near
   * @param {Socket} far
   */
  #join(near, far) {
    // A connection counts in the list it began in: that of a probe may outlive a reset.
    const { trips } = this;
    const index = trips.push(0) - 1;
    let farSpoke = true;
    near.on('data', () => {
      if (farSpoke) trips[index] = (trips[index] ?? 0) + 1;
      farSpoke = false;
    });
    far.on('data', () => {
      farSpoke = true;
    });
    this.#pass(near, far);
    this.#pass(far, near);
  }

  /**
   * @param {Socket} from
   * @param {Socket} to
   */
  #pass(from, to) {
    this.#sockets.add(from);
    const later = (/** @type {() => void} */ what) => setTimeout(what, this.#delayMs);
    from.setNoDelay(true);
    from.on('data', (/** @type {Buffer} */ chunk) => later(() => to.writable && to.write(chunk)));
    from.on('end', () => later(() => to.end()));
    from.on('error', () => to.destroy());
    from.on('close', () => this.#sockets.delete(from));
  }
}

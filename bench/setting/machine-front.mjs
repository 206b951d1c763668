/**
 * The machine's end of the link as it ships: a real nginx from the user-data that a gateway has rendered, before the
 * bench's upstream. Only what a bench cannot have is changed: folders, the port of Ollama, and that it listens on loopback.
 */
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { freePort } from './free-port.mjs';
import { hasEnded } from './scope.mjs';
import { until } from './until.mjs';

const USER_DATA = new URL('../../dist/sandbox/machine-simulator/user-data.js', import.meta.url).href;
const FOLDER = '/etc/ollama-gateway/link/';
const HOST = '127.0.0.1';

/** Machines for a simulated cloud that ever starts one. */
export class MachineFront {
  /**
   * @param {import('./scope.mjs').Scope} scope
   * @param {{ name: string, nginx: string, upstreamPort: number }} parts  `nginx` is the path of the program
   */
  static async prepare(scope, parts) {
    return new MachineFront(scope, parts, await freePort());
  }

  /** Where the gateway is told to go; another address may stand before ours. */
  address = HOST;
  #scope;
  #parts;

  /**
   * @param {import('./scope.mjs').Scope} scope
   * @param {{ name: string, nginx: string, upstreamPort: number }} parts
   * @param {number} linkPort
   */
  constructor(scope, parts, linkPort) {
    this.#scope = scope;
    this.#parts = parts;
    this.linkPort = linkPort;
  }

  /**
   * @param {string} _instanceId
   * @param {string} userData
   */
  async start(_instanceId, userData) {
    const { name, nginx } = this.#parts;
    const folder = join(this.#scope.dir, name);
    mkdirSync(folder);
    // Workers of an nginx that root has started are somebody else, and write what the gateway tells them.
    chmodSync(this.#scope.dir, 0o755);
    await this.#layOut(folder, userData);
    const args = ['-C', folder, nginx, '-e', 'stderr', '-p', `${folder}/`, '-c', join(folder, 'nginx.conf')];
    const { child, complaint } = this.#scope.start(`${name}-nginx`, 'env', args);
    await until(`the start of ${name}`, 10_000, async () => {
      if (hasEnded(child)) throw new Error(complaint());
      return fetch(`http://${HOST}:${this.linkPort}`).then(
        () => true,
        () => false,
      );
    });
    return this.address;
  }

  async stop() {
    // With everything else, when the run is over.
  }

  /**
   * @param {string} folder
   * @param {string} userData
   */
  async #layOut(folder, userData) {
    const { filesOf } = await import(USER_DATA);
    /** @type {Map<string, string>} */
    const files = filesOf(userData);
    for (const [path, content] of files) {
      if (path.startsWith(FOLDER)) writeFileSync(join(folder, basename(path)), this.#adapted(content));
    }
  }

  /** @param {string} content */
  #adapted(content) {
    return content
      .replaceAll(`listen ${this.linkPort}`, `listen ${HOST}:${this.linkPort}`)
      .replace(/proxy_pass http:\/\/127\.0\.0\.1:\d+;/, `proxy_pass http://${HOST}:${this.#parts.upstreamPort};`);
  }
}

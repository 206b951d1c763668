/**
 * Asks two paths in turn, one request at a time with a pause between, and prints how long each took: a process of its own,
 * whose clock nobody else's work holds up.
 *
 *   node asker.mjs <count> <url> <url>     prints {"<url>": [ms, …], …} as its last line
 */
import { Agent, get } from 'node:http';

const PAUSE_MS = 10;
const agent = new Agent({ keepAlive: true });

const [count, ...urls] = process.argv.slice(2);
/** @type {Record<string, number[]>} */
const tookMs = Object.fromEntries(urls.map((url) => [url, []]));
for (let i = 0; i < Number(count); i += 1) {
  for (const url of urls) {
    tookMs[url]?.push(await ask(url));
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}
agent.destroy();
console.log(JSON.stringify(tookMs));

/**
 * @param {string} url
 * @returns {Promise<number>} ms until the last byte
 */
function ask(url) {
  const startedMs = performance.now();
  return new Promise((resolve, reject) => {
    get(url, { agent }, (response) => {
      if (response.statusCode !== 200) reject(new Error(`${url} answered ${response.statusCode}`));
      response.resume().once('end', () => resolve(performance.now() - startedMs));
    }).once('error', reject);
  });
}

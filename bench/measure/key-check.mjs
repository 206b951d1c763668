/** What the check of an API key costs a request: the rules of the front door, with a file of many keys. */
import { createHash, randomBytes } from 'node:crypto';

const ROUNDS = 7;
const CHECKS = 20_000;
const KEYS = 50;

/** @returns {Promise<import('./bench-context.mjs').Row[]>} */
export async function measureKeyCheck() {
  const { AccessRules } = await import(new URL('access-rules.js', ACCESS).href);
  const { parseApiKeys } = await import(new URL('api-keys.js', ACCESS).href);
  const secrets = Array.from({ length: KEYS }, () => `sk-${randomBytes(32).toString('base64url')}`);
  const lines = secrets.map((key, i) => `client-${i}:${createHash('sha256').update(key).digest('hex')}`);
  const rules = new AccessRules({ current: parseApiKeys(lines.join('\n')).keys }, 'allow');
  // As many strangers as friends: both take the same time, and that is part of the promise.
  const requests = [...secrets, ...secrets.map((key) => key.toUpperCase())].map(requestWith);
  const round = () => {
    const before = process.cpuUsage();
    let known = 0;
    for (let i = 0; i < CHECKS; i += 1) if (rules.refusalOf(requests[i % requests.length], {}) === null) known += 1;
    if (known !== CHECKS / 2) throw new Error(`of ${CHECKS / 2} requests with a key ${known} were let in`);
    const { user, system } = process.cpuUsage(before);
    return (user + system) / CHECKS;
  };
  round();
  const gateway = Array.from({ length: ROUNDS }, round);
  return [{ what: `key check, ${KEYS} keys`, unit: 'µs', gateway, figure: 'keyCheck' }];
}

const ACCESS = new URL('../../dist/modules/access/', import.meta.url);

/** @param {string} key */
function requestWith(key) {
  return { method: 'POST', url: '/api/chat', headers: { host: 'gateway', authorization: `Bearer ${key}` } };
}

/** Rounds in turn, gateway then nginx, so that a disturbance of the machine meets both. */

/**
 * @template T
 * @param {number} count
 * @param {{ gateway: () => Promise<T>, nginx: () => Promise<T> }} sides
 * @returns {Promise<{ gateway: T[], nginx: T[] }>}
 */
export async function inRounds(count, sides) {
  /** @type {{ gateway: T[], nginx: T[] }} */
  const results = { gateway: [], nginx: [] };
  for (let round = 0; round < count; round += 1) {
    results.gateway.push(await sides.gateway());
    results.nginx.push(await sides.nginx());
  }
  return results;
}

/** Rounds in turn, one side after the other, so that a disturbance of the machine meets all. */

/**
 * @template {string} Side
 * @template T
 * @param {number} count
 * @param {Record<Side, () => Promise<T>>} sides
 * @returns {Promise<Record<Side, T[]>>}
 */
export async function inRounds(count, sides) {
  const names = /** @type {Side[]} */ (Object.keys(sides));
  const results = /** @type {Record<Side, T[]>} */ (Object.fromEntries(names.map((name) => [name, []])));
  for (let round = 0; round < count; round += 1) {
    for (const name of names) results[name].push(await sides[name]());
  }
  return results;
}

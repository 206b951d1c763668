/** What every measurement gets to work with, and what it gives back. Types only. */

/**
 * @typedef {object} Proxy
 * @property {string} url
 * @property {number} pid  of the process whose CPU and memory count
 */

/**
 * @typedef {object} BenchContext
 * @property {import('../setting/scope.mjs').Scope} scope
 * @property {string} wrk  path of the program
 * @property {{ nginx: string }} programs  paths
 * @property {string | null} profileDir  where a CPU profile of each gateway is left, or null
 * @property {import('../setting/upstream.mjs').Upstream} upstream
 * @property {Proxy & { adminUrl: string }} gateway  its machine is ready
 * @property {Proxy} coldGateway  its machine is not there yet
 * @property {Proxy} nginx
 */

/**
 * One line of the table. Each list has one value per round, in the unit.
 * @typedef {object} Row
 * @property {string} what
 * @property {string} unit
 * @property {number[]} gateway
 * @property {number[]} [nginx]  where nginx does the same
 * @property {number[]} [plainLink]  where the gateway does the same over a link without TLS
 * @property {keyof typeof import('../figures.mjs').FIGURES} figure  what it is judged by
 * @property {string} [note]  for below the table
 */

export {};

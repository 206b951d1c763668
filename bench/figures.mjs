/** The figures that the gateway is to reach: those of the first issue, and the later, sharper ones ("Figures"). */

/**
 * @typedef {object} Figure
 * @property {'value' | 'ratio'} of  the gateway's own value, or its ratio to the yardstick
 * @property {'at least' | 'at most'} side
 * @property {number} limit
 * @property {number | null} later
 */

/** @type {Record<'coldRate' | 'coldP99' | 'chunkCpu' | 'smallCpu' | 'tlsChunkCpu' | 'firstRequest' | 'keyCheck' | 'observedP99' | 'streamMemory' | 'uploadMemory', Figure>} */
export const FIGURES = {
  coldRate: { of: 'value', side: 'at least', limit: 3000, later: 5000 },
  coldP99: { of: 'value', side: 'at most', limit: 10, later: 6 },
  chunkCpu: { of: 'ratio', side: 'at most', limit: 2.5, later: 2.0 },
  smallCpu: { of: 'ratio', side: 'at most', limit: 6, later: 4 },
  tlsChunkCpu: { of: 'ratio', side: 'at most', limit: 1.25, later: null },
  firstRequest: { of: 'value', side: 'at most', limit: 1, later: null },
  keyCheck: { of: 'value', side: 'at most', limit: 10, later: null },
  observedP99: { of: 'value', side: 'at most', limit: 20, later: null },
  streamMemory: { of: 'value', side: 'at most', limit: 200, later: null },
  // "Flat": what is under way at a time, and no more than that, however long the upload is.
  uploadMemory: { of: 'value', side: 'at most', limit: 64, later: null },
};

/**
 * @param {Figure} figure
 * @param {number} value
 * @param {number} bound
 */
export function holds({ side }, value, bound) {
  return side === 'at least' ? value >= bound : value <= bound;
}

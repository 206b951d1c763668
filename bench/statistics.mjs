/** The middle of several rounds, which one disturbed round does not move, and how far they lie apart. */

/** @param {readonly number[]} values */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/**
 * Half the distance between the largest and the smallest value, in per cent of the median.
 * @param {readonly number[]} values
 */
export function spreadPercent(values) {
  return ((Math.max(...values) - Math.min(...values)) / 2 / median(values)) * 100;
}

/**
 * Round by round: what disturbs the machine for a while disturbs both sides of a round.
 * @param {readonly number[]} above
 * @param {readonly number[]} below
 */
export function ratios(above, below) {
  return above.map((value, round) => value / (below[round] ?? Number.NaN));
}

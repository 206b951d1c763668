/** The table: each measurement with its ratio to a yardstick, its figure and whether that is reached. Pure text. */
import { FIGURES, holds } from './figures.mjs';
import { median, ratios, spreadPercent } from './statistics.mjs';

/** @typedef {import('./measure/bench-context.mjs').Row} Row */

const HEAD = ['measurement', 'gateway', 'yardstick', 'ratio', 'limit', 'later'];

/** @param {readonly Row[]} rows */
export function table(rows) {
  const lines = [HEAD, ...rows.map(cells)];
  const widths = HEAD.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  const text = lines.map((line) => `| ${line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`);
  text.splice(1, 0, `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`);
  const notes = rows.flatMap(({ what, note }) => (note ? [`${what}: ${note}.`] : []));
  return [...text, '', ...notes].join('\n');
}

/** @param {Row} row */
function cells({ what, unit, gateway, nginx, plainLink, figure }) {
  const { of, side, limit, later } = FIGURES[figure];
  const [other, name] = plainLink ? [plainLink, 'plain'] : [nginx, 'nginx'];
  const perRound = other ? ratios(gateway, other) : [];
  const judged = of === 'ratio' ? median(perRound) : median(gateway);
  /** @param {number | null} bound */
  const verdict = (bound) => {
    if (bound === null) return '';
    const [sign, missed] = side === 'at least' ? ['≥', 'under'] : ['≤', 'over'];
    const measure = of === 'ratio' ? `× ${name}` : unit;
    return `${sign} ${bound} ${measure}: ${holds(FIGURES[figure], judged, bound) ? 'ok' : missed}`;
  };
  // What the other does in no measurable amount has no ratio.
  const ratio = other && perRound.every(Number.isFinite) ? withSpread(perRound, '') : '–';
  const yardstick = other ? `${name} ${withSpread(other, ` ${unit}`)}` : '–';
  return [what, withSpread(gateway, ` ${unit}`), yardstick, ratio, verdict(limit), verdict(later)];
}

/**
 * @param {readonly number[]} values
 * @param {string} unit
 */
function withSpread(values, unit) {
  const middle = median(values);
  return middle === 0 ? `0${unit}` : `${rounded(middle)}${unit} ± ${spreadPercent(values).toFixed(0)} %`;
}

/** Three digits: more would be noise. @param {number} value */
function rounded(value) {
  if (value >= 100) return value.toFixed(0);
  return value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

/** Names for people to choose from, in one sentence. */

const MOST = 40;

/** `a, b, c`, sorted, each once; a very long list is cut. */
export function nameList(names: readonly (string | undefined)[]): string {
  const sorted = [...new Set(names.filter((name): name is string => !!name))].sort();
  if (sorted.length === 0) return 'none';
  const rest = sorted.length - MOST;
  return sorted.slice(0, MOST).join(', ') + (rest > 0 ? ` and ${rest} more` : '');
}

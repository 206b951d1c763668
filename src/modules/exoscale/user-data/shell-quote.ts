/** Quoting for bash. Knows nothing of what is quoted. */

/**
 * One bash word that evaluates to exactly `value`. The result is a single line of printable ASCII for every input, so it
 * fits into any text format around it (YAML reads some control characters as line ends and refuses others).
 *
 * @throws RangeError for a NUL, which no shell variable can hold
 */
export function shellQuote(value: string): string {
  if (value.includes('\0')) throw new RangeError('a shell variable cannot hold a NUL character');
  if (/^[\x20-\x7e]*$/.test(value)) return `'${value.replaceAll("'", String.raw`'\''`)}'`;
  const bytes = [...Buffer.from(value, 'utf8')];
  return `$'${bytes.map((byte) => String.raw`\x${byte.toString(16).padStart(2, '0')}`).join('')}'`;
}

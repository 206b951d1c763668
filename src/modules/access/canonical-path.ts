/**
 * What a request target names, whatever its spelling. Rules that refuse paths judge by it, because between a client and
 * Ollama stand an nginx and Go's router, each with its own idea of escapes, doubled slashes and dots.
 */

/** nginx and Go undo escapes once; once more for a proxy between them, and once for good measure. */
const ROUNDS = 3;
const ESCAPE = /%([0-9a-f]{2})/gi;
/** As the forwarder takes it off a target in absolute form (RFC 9112 §3.2.2). */
const AUTHORITY = /^[a-z][a-z0-9+.-]*:\/\/[^/?]*/i;
/** Whatever some server takes for the end of a segment: parameters, fragments, backslashes, NUL and blanks too. */
const SEPARATORS = /[/\\;?#\0-\x20]+/;

/**
 * Every segment that the path names, in its order, in lower case: `//API/%70ull/` → `/api/pull`. Dots are left out and not
 * resolved, for servers disagree on what they take back: of `/a/../b` both names remain. The query does not count.
 */
export function canonicalPath(target: string): string {
  const query = target.indexOf('?');
  let path = (query < 0 ? target : target.slice(0, query)).replace(AUTHORITY, '');
  for (let round = 0; round < ROUNDS && path.includes('%'); round += 1) path = path.replace(ESCAPE, unescaped);
  const segments = path.toLowerCase().split(SEPARATORS);
  return `/${segments.filter((one) => one !== '' && one !== '.' && one !== '..').join('/')}`;
}

function unescaped(_escape: string, hex: string): string {
  return String.fromCharCode(Number.parseInt(hex, 16));
}

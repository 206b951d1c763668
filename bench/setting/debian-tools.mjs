/** The programs that the bench takes from Debian, and a clear word when one is missing. */
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Debian keeps daemons where the PATH of an ordinary user does not look. */
const ALSO = ['/usr/sbin', '/usr/local/sbin'];

/**
 * @param {readonly string[]} names  a program's name is its package's name too
 * @returns {{ paths: Record<string, string>, missing: string[] }}
 */
export function findTools(names) {
  const folders = [...(process.env.PATH ?? '').split(delimiter), ...ALSO];
  /** @type {Record<string, string>} */
  const paths = {};
  for (const name of names) {
    const found = folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
    if (found) paths[name] = found;
  }
  return { paths, missing: names.filter((name) => !paths[name]) };
}

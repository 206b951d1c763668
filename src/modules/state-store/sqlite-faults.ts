/** Turns what SQLite and the file system report into one sentence that names the folder and what is wrong with it. */
import { StateUnavailableError } from '../provisioning/ports/state-store.port.js';

/** By the beginning of the code: SQLite's extended codes carry a suffix (`SQLITE_IOERR_FSYNC`). */
const CAUSES: readonly (readonly [pattern: RegExp, sentence: string])[] = [
  [/^(SQLITE_FULL|ENOSPC|EDQUOT)/, 'the disk is full'],
  [/^(SQLITE_READONLY|SQLITE_PERM|SQLITE_AUTH|EROFS|EACCES|EPERM)/, 'it cannot be written'],
  [/^(SQLITE_CORRUPT|SQLITE_NOTADB)/, 'state.db is damaged and left as it is; restore a backup or move it away'],
  [/^(SQLITE_BUSY|SQLITE_LOCKED|SQLITE_PROTOCOL)/, 'another process uses it, and a folder serves one gateway process'],
  [/^(SQLITE_CANTOPEN|ENOTDIR|EEXIST|ENOENT|ELOOP|ENAMETOOLONG)/, 'it cannot be opened'],
  [/^(SQLITE_IOERR|EIO|EMFILE|ENFILE|ESTALE)/, 'reading or writing it failed'],
];

/** StateUnavailableError for a fault of the medium; any other error as it came, for it is a mistake of ours. */
export function asStateError(error: unknown, dir: string): Error {
  if (error instanceof StateUnavailableError) return error;
  const code = codeOf(error);
  const sentence = CAUSES.find(([pattern]) => pattern.test(code))?.[1];
  if (sentence) {
    return new StateUnavailableError(`The state folder ${dir} is unusable: ${sentence} (${code}).`, { cause: error });
  }
  return error instanceof Error ? error : new Error('The state store failed.', { cause: error });
}

function codeOf(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : '';
}

/**
 * The secret that every key of the link is made from: from the environment as a list of epochs, else made once and kept
 * in the state folder. Rotating the Exoscale key never touches it (coordination-and-link.md §2.3).
 */
import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, linkSync, mkdirSync, openSync, readFileSync, unlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** One generation of the secret; machines name theirs in the label `link-epoch`. */
export interface SecretEpoch {
  /** From 1 on; 0 is the plain link. */
  epoch: number;
  secret: Buffer;
}

/** The secret can be neither read nor made; the message is one line for the operator. */
export class LinkSecretError extends Error {
  override readonly name = 'LinkSecretError';
}

const FILE = 'link-secret';
const SECRET_BYTES = 32;

/** Reads `<base64>` (epoch 1) or `2:<base64>,1:<base64>`, whose form the configuration has checked; newest epoch first. */
export function parseLinkSecret(text: string): SecretEpoch[] {
  const parts = text.split(',').map((part) => part.trim());
  const epochs = parts.map((part) => {
    const [epoch, secret] = part.includes(':') ? part.split(':', 2) : ['1', part];
    return { epoch: Number(epoch), secret: Buffer.from(secret ?? '', 'base64') };
  });
  return epochs.sort((a, b) => b.epoch - a.epoch);
}

/**
 * The secret kept in `stateDir`, made at the first call (mode 0600). Two processes that make it at once end with the same one.
 *
 * @throws LinkSecretError
 */
export function keptLinkSecret(stateDir: string): SecretEpoch[] {
  const path = join(stateDir, FILE);
  try {
    mkdirSync(stateDir, { recursive: true });
    const text = read(path) ?? make(path);
    const [kept] = parseLinkSecret(text);
    if (kept && kept.secret.length >= SECRET_BYTES) return [kept];
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unreadable';
    throw new LinkSecretError(`GATEWAY_STATE_DIR: the link secret cannot be kept in ${path} (${code})`, {
      cause: error,
    });
  }
  throw new LinkSecretError(
    `GATEWAY_STATE_DIR: ${path} does not hold a link secret; restore it, or remove it to make new keys`,
  );
}

function read(path: string): string | null {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/** Written whole under another name first: a power cut leaves the secret or nothing, never half of it. */
function make(path: string): string {
  const text = `1:${randomBytes(SECRET_BYTES).toString('base64')}`;
  const draft = `${path}.${process.pid}`;
  const file = openSync(draft, 'w', 0o600);
  try {
    writeSync(file, `${text}\n`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  try {
    linkSync(draft, path);
    return text;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return readFileSync(path, 'utf8').trim();
  } finally {
    unlinkSync(draft);
  }
}

/**
 * The file of API keys, followed while the gateway runs: whoever edits it changes who may come in, without a restart.
 * Whatever happens to the file, the keys that were read last stay valid until new ones have been read without a fault.
 */
import { readFileSync, statSync, type Stats } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import type { Logger } from '../../common/logging/logger.js';
import type { Clock, Timer } from '../../common/time/clock.js';
import { parseApiKeys, type ApiKeys, type ParsedKeys } from './api-keys.js';

/** Looked at, not watched: inotify sees neither Kubernetes' exchange of symbolic links nor a network file system. */
const LOOK_EVERY_MS = 2000;

/** Reads the file at once; a file that cannot be read is a fault, too. */
export function readKeyFile(path: string): ParsedKeys {
  try {
    return parseApiKeys(readFileSync(path, 'utf8'));
  } catch (error) {
    return { ...parseApiKeys(''), faults: [unreadable(error)] };
  }
}

export class KeyFile {
  private keys: ApiKeys;
  /** Which state of the file was there at the last look, and which one has been read. */
  private seen: string;
  private read: string;
  private timer: Timer | null = null;
  private stopped = false;

  constructor(
    private readonly path: string,
    private readonly clock: Clock,
    private readonly log: Logger,
  ) {
    this.read = this.seen = stateNow(path);
    const { keys, faults } = readKeyFile(path);
    this.keys = keys;
    if (faults.length > 0) this.complain(faults);
  }

  get current(): ApiKeys {
    return this.keys;
  }

  start(): void {
    this.timer = this.clock.after(LOOK_EVERY_MS, () => {
      void this.look().then(() => {
        if (!this.stopped) this.start();
      });
    });
  }

  stop(): void {
    this.stopped = true;
    this.timer?.cancel();
  }

  /**
   * Reads the file when it has changed and is the same as at the last look: a file that is just being written is left
   * alone. What could not be used is said once, and not looked at again before it has changed. Never rejects.
   */
  async look(): Promise<void> {
    const state = await stat(this.path).then(stateOf, unreadable);
    const settled = state === this.seen;
    this.seen = state;
    if (!settled || state === this.read) return;
    this.read = state;
    const { keys, faults } = await readFile(this.path, 'utf8').then(parseApiKeys, (error: unknown) => ({
      keys: this.keys,
      faults: [unreadable(error)],
    }));
    if (faults.length > 0) return this.complain(faults);
    this.keys = keys;
    const fields = { keys: keys.size };
    if (keys.size > 0) this.log.info(fields, 'the API keys have been read');
    else this.log.warn(fields, 'the file of API keys has no key: nobody gets in');
  }

  private complain(faults: readonly string[]): void {
    this.log.error({ file: this.path, faults }, 'the file of API keys cannot be used: the keys read before stay valid');
  }
}

/** Differs whenever the file may have changed, another one may have come in its place, or it cannot be seen. */
function stateOf({ dev, ino, size, mtimeMs, ctimeMs }: Stats): string {
  return [dev, ino, size, mtimeMs, ctimeMs].join();
}

function stateNow(path: string): string {
  try {
    return stateOf(statSync(path));
  } catch (error) {
    return unreadable(error);
  }
}

function unreadable(error: unknown): string {
  return `cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unreadable'})`;
}

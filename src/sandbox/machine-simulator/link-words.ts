/**
 * What the gateway can tell a machine's front: the drain latch and the settings of the dead-man timer. Files in /run on a
 * real machine, so all of it is gone after a boot.
 */

/** What the dead-man timer has been told; null where nothing. */
export interface MachineInstructions {
  idleTimeoutSec: number | null;
  /** Unix seconds. */
  keepAwakeUntilSec: number | null;
}

/** The names of the files; each is also the last part of its path `/__link/<name>`. */
const WORDS: ReadonlySet<string> = new Set(['drain', 'idle-timeout', 'keep-awake']);

export class LinkWords {
  private readonly files = new Map<string, string>();

  /** @returns the status that nginx's WebDAV module answers; 404 for every other method and name */
  put(name: string, content: string): number {
    if (!WORDS.has(name)) return 404;
    const status = this.files.has(name) ? 204 : 201;
    this.files.set(name, content);
    return status;
  }

  delete(name: string): number {
    return this.files.delete(name) ? 204 : 404;
  }

  get latched(): boolean {
    return this.files.has('drain');
  }

  instructions(): MachineInstructions {
    return { idleTimeoutSec: this.numberIn('idle-timeout'), keepAwakeUntilSec: this.numberIn('keep-awake') };
  }

  private numberIn(name: string): number | null {
    const text = this.files.get(name)?.trim();
    return text !== undefined && /^\d+$/.test(text) ? Number(text) : null;
  }
}

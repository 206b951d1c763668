/** A file system that is really full when it is full. Needs the right to mount; Linux only. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { atEnd } from './endings.js';

/** Whether this process may mount at all. */
export const canMount = process.platform === 'linux' && process.getuid?.() === 0 && tryToMount();

export class SmallTmpfs {
  readonly dir: string;
  private readonly ballast: string;

  constructor(kib: number) {
    this.dir = mkdtempSync(join(tmpdir(), 'small-tmpfs-'));
    this.ballast = join(this.dir, 'ballast');
    mount(this.dir, kib);
    atEnd(() => unmount(this.dir));
  }

  /** Leaves no byte. */
  fill(): void {
    const page = Buffer.alloc(4096);
    try {
      for (;;) writeFileSync(this.ballast, page, { flag: 'a' });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    }
  }

  free(): void {
    rmSync(this.ballast, { force: true });
  }
}

function tryToMount(): boolean {
  const dir = mkdtempSync(join(tmpdir(), 'mount-try-'));
  try {
    mount(dir, 64);
    return true;
  } catch {
    // Containers often forbid it, even to root: that is what is to be found out.
    return false;
  } finally {
    unmount(dir);
  }
}

function mount(dir: string, kib: number): void {
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${kib}k`, 'tmpfs', dir]);
  if (status !== 0) throw new Error(`a tmpfs cannot be mounted here (${status})`);
}

function unmount(dir: string): void {
  spawnSync('umount', [dir]);
  rmSync(dir, { recursive: true, force: true });
}

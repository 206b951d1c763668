/**
 * Everything a run leaves in the world: processes, servers and one temporary folder; all of it is gone when the run is
 * over, also after Ctrl-C. Knows nothing of what the processes are.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, openSync, closeSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const GRACE_MS = 5_000;
const LOG_TAIL = 1_500;

/** @typedef {import('node:child_process').ChildProcess} ChildProcess */

export class Scope {
  dir = mkdtempSync(join(tmpdir(), 'ollama-exoscale-bench-'));
  /** @type {ChildProcess[]} */
  #children = [];
  /** @type {(() => Promise<void>)[]} */
  #closers = [];

  constructor() {
    // However this process ends, short of a SIGKILL: nothing outlives it.
    process.once('exit', () => {
      for (const child of this.#children) killGroup(child, 'SIGKILL');
      rmSync(this.dir, { recursive: true, force: true });
    });
  }

  /**
   * Starts a process in a group of its own, so that Ctrl-C reaches it through us and its children end with it.
   * @param {string} name  names its log file too
   * @param {string} command
   * @param {string[]} args
   * @param {Record<string, string>} [env]
   */
  start(name, command, args, env) {
    const log = join(this.dir, `${name}.log`);
    const out = openSync(log, 'w');
    const child = spawn(command, args, { env: env ?? process.env, stdio: ['ignore', out, out], detached: true });
    closeSync(out);
    this.#children.push(child);
    /** What to say when it did not do what it should. */
    const complaint = () => `${name} has failed:\n${readFileSync(log, 'utf8').slice(-LOG_TAIL)}`;
    child.once('error', (error) => console.error(`${name} cannot be started: ${error.message}`));
    return { child, complaint };
  }

  /** @param {() => Promise<void>} close  called when the processes have ended, last come first */
  defer(close) {
    this.#closers.unshift(close);
  }

  async close() {
    await Promise.all(this.#children.map(end));
    this.#children = [];
    for (const close of this.#closers.splice(0)) await close();
    rmSync(this.dir, { recursive: true, force: true });
  }
}

/** @param {ChildProcess} child */
async function end(child) {
  if (child.pid === undefined || hasEnded(child)) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const killer = setTimeout(() => killGroup(child, 'SIGKILL'), GRACE_MS);
  child.kill('SIGTERM');
  await ended;
  clearTimeout(killer);
}

/** @param {ChildProcess} child */
export function hasEnded(child) {
  return child.exitCode !== null || child.signalCode !== null;
}

/**
 * @param {ChildProcess} child
 * @param {NodeJS.Signals} signal
 */
function killGroup(child, signal) {
  if (child.pid === undefined || hasEnded(child)) return;
  try {
    process.kill(-child.pid, signal);
  } catch (error) {
    // It has ended in the meantime.
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'ESRCH') throw error;
  }
}

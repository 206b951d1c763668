/**
 * A folder that a machine's shell scripts take for the whole machine: its files under BOOTSTRAP_ROOT, its programs
 * replaced by stubs that write down their calls. Runs the scripts as they lie in the repository, with the real bash.
 */
import { execFile } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const SCRIPTS = join(import.meta.dirname, '../../src/modules/exoscale/user-data/files');

export interface ScriptResult {
  exitCode: number;
  /** What the scripts logged, without the time and the prefix. */
  log: string[];
}

export class ScriptedMachine {
  private readonly programs: string;
  private readonly callLog: string;

  /** @param root a folder with files of a machine (machine-files.ts), else an empty one */
  constructor(readonly root = mkdtempSync(join(tmpdir(), 'machine-'))) {
    this.programs = join(root, 'stubs');
    this.callLog = join(root, 'calls');
    this.write('calls', '');
    mkdirSync(join(this.root, 'var/log'), { recursive: true });
    mkdirSync(join(this.root, 'dev'), { recursive: true });
    this.program('sleep', '');
  }

  /** Writes a file of the machine; the path is relative to its root. */
  write(path: string, content: string): void {
    mkdirSync(dirname(join(this.root, path)), { recursive: true });
    writeFileSync(join(this.root, path), content);
  }

  read(path: string): string | null {
    return existsSync(join(this.root, path)) ? readFileSync(join(this.root, path), 'utf8') : null;
  }

  /** Removes a file or a folder of the machine. */
  remove(path: string): void {
    rmSync(join(this.root, path), { recursive: true, force: true });
  }

  /** Replaces a program by a bash body; `$ROOT` is the machine's root. Every call is written down with its arguments. */
  program(name: string, body: string): void {
    const path = join('stubs', name);
    this.write(path, `#!/bin/bash\nROOT='${this.root}'\necho "${name} $*" >>"$ROOT/calls"\n${body}\n`);
    chmodSync(join(this.root, path), 0o755);
  }

  /** The calls of stubs since the last time this was asked, in order. */
  takeCalls(): string[] {
    const calls = readFileSync(this.callLog, 'utf8').split('\n').filter(Boolean);
    writeFileSync(this.callLog, '');
    return calls;
  }

  async run(script: string): Promise<ScriptResult> {
    const env = { PATH: `${this.programs}:/usr/bin:/bin`, BOOTSTRAP_ROOT: this.root };
    const exitCode = await new Promise<number>((resolve) => {
      const child = execFile(join(SCRIPTS, script), { env, timeout: 60_000 }, (_error, _stdout, stderr) => {
        appendFileSync(join(this.root, 'stderr'), stderr);
        resolve(child.exitCode ?? -1);
      });
    });
    const log = (this.read('var/log/ollama-gateway.log') ?? '').split('\n').filter(Boolean);
    this.write('var/log/ollama-gateway.log', '');
    return { exitCode, log: log.map((line) => line.replace(/^\S+ ollama-gateway: /, '')) };
  }

  dispose(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}

/**
 * Makes the file tree of the image without a Docker engine, by carrying out the lines of the Dockerfile in folders, as a
 * user that is not the one of the checkout. What it cannot do it leaves out by name: apt-get (the compiler is here), chown
 * (all of it is that user's) and the build (`npm run test:system` has just made dist from the same sources).
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import {
  chownSync,
  cpSync,
  existsSync,
  lchownSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { instruction, parseDockerfile, type Stage } from './dockerfile.js';

const CHECKOUT = join(import.meta.dirname, '../..');
/** `nobody`, where we may change users; else ourselves. */
const USER = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};

export class ImageLayout {
  readonly root = mkdtempSync(join(tmpdir(), 'image-'));
  readonly stages: Stage[];
  readonly production: Stage;

  constructor() {
    this.stages = parseDockerfile(readFileSync(join(CHECKOUT, 'Dockerfile'), 'utf8'));
    this.production = this.stages.at(-1)!;
  }

  /** Carries the Dockerfile out; takes a minute or two, most of it npm's. @throws Error with the words of a failed command */
  build(): void {
    for (const stage of this.stages) this.carryOut(stage);
  }

  /** A path of the image in our folders. */
  path(path: string): string {
    return join(this.root, this.production.name, path);
  }

  /** Starts a program of the image, as the other user, in the image's working directory and environment. */
  start(command: readonly string[], env: Record<string, string>): ChildProcess {
    const [program, ...args] = command;
    const executable = program === 'node' ? process.execPath : program!;
    const stateDir = { GATEWAY_STATE_DIR: this.path('/data') };
    return spawn(executable, args, {
      ...USER,
      cwd: this.path('/app'),
      env: { ...this.environment, ...stateDir, ...env },
    });
  }

  private get environment(): Record<string, string> {
    const pairs = instruction(this.production, 'ENV').split(' ');
    return Object.fromEntries(pairs.map((pair) => pair.split('=', 2) as [string, string]));
  }

  dispose(): void {
    rmSync(this.root, { recursive: true, force: true });
  }

  private carryOut(stage: Stage): void {
    const root = join(this.root, stage.name);
    mkdirSync(join(root, 'app'), { recursive: true });
    const parent = join(this.root, stage.from);
    if (existsSync(parent)) cpSync(parent, root, { recursive: true });
    this.handOver(root);
    for (const { keyword, text } of stage.instructions) {
      if (keyword === 'COPY') this.copy(text, root);
      if (keyword === 'RUN') text.split(' && ').forEach((command) => this.run(command, root));
    }
  }

  private copy(text: string, root: string): void {
    const [, from, list = ''] = /^(?:--from=(\S+) )?(.*)$/.exec(text) ?? [];
    const sources = list.split(' ');
    const target = join(root, 'app', sources.pop()!);
    for (const source of sources) {
      if (!from && !allowedInContext(source)) throw new Error(`.dockerignore keeps ${source} out of the context`);
      const path = from ? join(this.root, from, source) : join(CHECKOUT, source);
      cpSync(path, sources.length > 1 ? join(target, source) : target, { recursive: true });
    }
    this.handOver(root);
  }

  private run(command: string, root: string): void {
    if (/^(apt-get|chown) /.test(command)) return;
    if (command === 'npm run build') {
      cpSync(join(CHECKOUT, 'dist'), join(root, 'app/dist'), { recursive: true });
      return this.handOver(root);
    }
    if (command === 'npm ci' && root.endsWith('/build')) return;
    const here = command.replaceAll(/(?<= )\/(?=\w)/g, `${root}/`);
    const options = { ...USER, cwd: join(root, 'app'), env: this.npmEnvironment(), encoding: 'utf8' } as const;
    const { status, stderr } = spawnSync('sh', ['-c', here], options);
    if (status !== 0) throw new Error(`${command} ended with ${status}: ${stderr}`);
  }

  /** npm's settings of this machine that lie in the home of a user whose home the other user cannot read. */
  private npmEnvironment(): NodeJS.ProcessEnv {
    const setting = (name: string) => spawnSync('npm', ['config', 'get', name], { encoding: 'utf8' }).stdout.trim();
    const kept = Object.fromEntries(
      ['registry', 'nodedir', 'cafile', 'proxy', 'https-proxy', 'noproxy']
        .map((name) => [`npm_config_${name.replaceAll('-', '_')}`, setting(name)])
        .filter(([, value]) => value && value !== 'null' && value !== 'undefined'),
    ) as NodeJS.ProcessEnv;
    return { PATH: process.env.PATH, HOME: this.root, ...kept };
  }

  /** Everything belongs to the other user, as the files of an image do not belong to whoever built it. */
  private handOver(folder: string): void {
    if (USER.uid === undefined) return;
    chownSync(this.root, USER.uid, USER.gid);
    lchownSync(folder, USER.uid, USER.gid);
    for (const entry of readdirSync(folder, { recursive: true })) {
      lchownSync(join(folder, entry as string), USER.uid, USER.gid);
    }
  }
}

function allowedInContext(source: string): boolean {
  const lines = readFileSync(join(CHECKOUT, '.dockerignore'), 'utf8').split('\n');
  return lines.includes('*') && lines.includes(`!${source}`);
}

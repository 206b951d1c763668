/**
 * A real nginx from the files of a machine, started as its unit says, in front of an Ollama of the test. Only what a test
 * cannot have is changed: the folder in place of `/`, and the port of Ollama.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { atEnd } from './endings.js';
import { eventually } from './eventually.js';

const CONFIGURATION = 'etc/ollama-gateway/link/nginx.conf';
const UNIT = 'etc/systemd/system/ollama-gateway-link.service';
/** Prefix and working directory of the unit. */
export const LINK_DIR = 'run/ollama-gateway/link';

export interface MachineNginx {
  readonly pid: number;
  /** As `systemctl reload` does: takes the files anew; resolves when whoever comes now meets the new ones. */
  reload(): Promise<void>;
  /** Cuts everything; harmless when it has ended. */
  stop(): Promise<void>;
}

/**
 * Resolves when nginx answers on its status socket; `endEverything()` ends it.
 * @param root made by layOutMachine
 * @param ollamaPort of the Ollama on 127.0.0.1 that it speaks to
 */
export async function startMachineNginx(root: string, ollamaPort: number): Promise<MachineNginx> {
  const folder = join(root, LINK_DIR);
  mkdirSync(folder, { recursive: true });
  const path = join(root, CONFIGURATION);
  const shipped = readFileSync(path, 'utf8');
  writeFileSync(
    path,
    shipped.replace(/proxy_pass http:\/\/127\.0\.0\.1:\d+;/, `proxy_pass http://127.0.0.1:${ollamaPort};`),
  );

  const { program, args } = commandOf(readFileSync(join(root, UNIT), 'utf8'), root);
  const nginx = spawn(program, args, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
  let words = '';
  nginx.stderr.setEncoding('utf8').on('data', (text: string) => (words += text));
  const ended = new Promise<void>((resolve) => nginx.once('exit', () => resolve()).once('error', () => resolve()));
  const stop = (): Promise<void> => {
    nginx.kill('SIGTERM');
    return ended;
  };
  atEnd(stop);
  await eventually('nginx answers', () => answers(join(folder, 'status.sock')), { explain: () => words });
  const pid = nginx.pid as number;
  return { pid, stop, reload: () => reload(pid) };
}

async function reload(pid: number): Promise<void> {
  const old = workersOf(pid);
  process.kill(pid, 'SIGHUP');
  await eventually('nginx has new workers', () => old.every(isLeaving));
}

/** nginx writes it into the name of a worker that only finishes its last requests. */
function isLeaving(worker: number): boolean {
  try {
    return readFileSync(`/proc/${worker}/cmdline`, 'utf8').includes('is shutting down');
  } catch {
    return true; // it had none
  }
}

/** Processes of the workers, those that are leaving among them. */
export function workersOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').map(Number);
}

/** The command line of the unit, with our folder before every path but the program's. */
function commandOf(unit: string, root: string): { program: string; args: string[] } {
  const [program = '', ...args] = (/^ExecStart=(.+)$/m.exec(unit)?.[1] ?? '').split(' ');
  return { program, args: args.map((arg) => (arg.startsWith('/') ? `${root}${arg}` : arg)) };
}

function answers(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    request({ socketPath, path: '/status' }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    })
      .on('error', () => resolve(false)) // not yet; eventually() has the deadline
      .end();
  });
}

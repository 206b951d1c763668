/**
 * A real nginx before a gateway, as a deployment has one. Knows how to start, to reload and to end it; whose settings it
 * runs with is its caller's affair.
 */
import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { freePort } from '../../src/sandbox/machine-simulator/loopback.js';
import { atEnd } from './endings.js';
import { eventually } from './eventually.js';
import { requireProgram } from './programs.js';

interface Place {
  /** The only folder that nginx may write to. */
  dir: string;
  /** To listen on, at 127.0.0.1. */
  port: number;
  /** `host:port` of each gateway that requests may go to. */
  gateways: readonly string[];
}

/** Settings for a place: files by their names, `nginx.conf` among them. */
export type FrontSettings = (place: Place) => Record<string, string>;

export class FrontNginx {
  /** Resolves when nginx listens; `endEverything()` ends it. */
  static async start(settings: FrontSettings, ...gatewayUrls: string[]): Promise<FrontNginx> {
    requireProgram('nginx', 'nginx');
    const dir = mkdtempSync(join(tmpdir(), 'front-'));
    atEnd(() => rmSync(dir, { recursive: true, force: true }));
    // Workers of an nginx that root starts are somebody else.
    chmodSync(dir, 0o755);
    const front = new FrontNginx(settings, dir, await freePort());
    front.write(gatewayUrls);
    await front.run();
    return front;
  }

  private pid = 0;

  private constructor(
    private readonly settings: FrontSettings,
    readonly dir: string,
    private readonly port: number,
  ) {}

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** From now on new requests go to these gateways only; those under way end where they are. */
  async sendTo(...gatewayUrls: string[]): Promise<void> {
    const before = this.workers();
    this.write(gatewayUrls);
    process.kill(this.pid, 'SIGHUP');
    await eventually('nginx has taken its new settings', () => {
      const now = this.workers();
      return now.some((pid) => !before.includes(pid)) && before.every((pid) => !now.includes(pid) || isLeaving(pid));
    });
  }

  private write(gatewayUrls: readonly string[]): void {
    const gateways = gatewayUrls.map((url) => new URL(url).host);
    for (const [name, text] of Object.entries(this.settings({ dir: this.dir, port: this.port, gateways }))) {
      mkdirSync(join(this.dir, dirname(name)), { recursive: true });
      writeFileSync(join(this.dir, name), text);
    }
  }

  private async run(): Promise<void> {
    const { dir } = this;
    const args = ['-p', dir, '-c', join(dir, 'nginx.conf'), '-e', 'stderr', '-g', 'daemon off;'];
    const nginx = spawn('nginx', args, { stdio: ['ignore', 'ignore', 'pipe'] });
    let words = '';
    nginx.stderr.setEncoding('utf8').on('data', (text: string) => (words += text));
    const ended = new Promise<void>((resolve) => nginx.once('exit', () => resolve()).once('error', () => resolve()));
    atEnd(() => {
      nginx.kill('SIGTERM');
      return ended;
    });
    this.pid = nginx.pid ?? 0;
    // The workers come after the listener: then every request that is sent is taken.
    await eventually('nginx runs', () => this.workers().length > 0, { explain: () => words });
  }

  private workers(): number[] {
    const { pid } = this;
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
    return children.trim().split(' ').filter(Boolean).map(Number);
  }
}

/** nginx says so in the title of a worker that takes nothing new. */
function isLeaving(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('shutting down');
  } catch {
    // It has left.
    return true;
  }
}

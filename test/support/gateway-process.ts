/** The real gateway as its users have it: `node dist/main.js` in a process of its own, seen only from outside. */
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { createInterface } from 'node:readline';
import { eventually } from './eventually.js';
import { atEnd } from './endings.js';
import { Ollama } from './ollama-client.js';

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

export interface LogLine {
  level: number;
  msg: string;
  [field: string]: unknown;
}

/** `GET /status`; the fields that the suites look at. */
export interface Status {
  service: string;
  provisioning_status: string;
  instance_status: string | null;
  remote_url: string | null;
  phase: string;
  reason: string;
  error?: string;
  code?: string;
  progress: number | null;
  in_flight: number;
  held: number;
  wanted: boolean;
  instance_id: string | null;
  owner: string | null;
  retry_at: string | null;
  last_activity: string | null;
  idle_stop_at: string | null;
  preflight: { check: string; level: string; code: string | null; message: string }[];
  [field: string]: unknown;
}

export class GatewayProcess {
  /** Spawns and returns at once; it is killed at the end of the test. */
  static spawn(environment: Record<string, string>): GatewayProcess {
    const gateway = new GatewayProcess(environment);
    atEnd(() => gateway.kill('SIGKILL'));
    return gateway;
  }

  /** Resolves when the gateway listens and has read its state. At the end of the test its log is looked at, too. */
  static async start(environment: Record<string, string>): Promise<GatewayProcess> {
    const gateway = GatewayProcess.spawn(environment);
    await gateway.listening();
    atEnd(async () => {
      await gateway.kill('SIGKILL');
      gateway.refuseMistakes();
    });
    return gateway;
  }

  /** Everything written to stderr. */
  stderr = '';
  /** Lines of stdout that are no JSON: there should be none. */
  readonly oddLines: string[] = [];
  readonly log: LogLine[] = [];
  /** Resolves when the process has ended and all its output has been read. */
  readonly exited: Promise<Exit>;
  private exit: Exit | null = null;
  private readonly child: ChildProcess;

  private constructor(readonly environment: Record<string, string>) {
    const child = spawn(process.execPath, [MAIN], { env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
    this.child = child;
    child.stderr.setEncoding('utf8').on('data', (text: string) => (this.stderr += text));
    createInterface({ input: child.stdout }).on('line', (line) => this.read(line));
    this.exited = new Promise((resolve) => {
      child.once('close', (code, signal) => resolve((this.exit = { code, signal })));
    });
  }

  get url(): string {
    const line = this.logged('listening');
    if (!line) throw new Error(`the gateway does not listen. ${this.describe()}`);
    return String(line.url);
  }

  /** Of the admin listener. */
  get adminUrl(): string {
    const line = this.logged('admin listening');
    if (!line) throw new Error(`the gateway has no admin listener. ${this.describe()}`);
    return String(line.url);
  }

  get pid(): number {
    if (this.child.pid === undefined) throw new Error('the gateway could not be spawned');
    return this.child.pid;
  }

  get running(): boolean {
    return this.exit === null;
  }

  /** Clients of this gateway. */
  get ollama(): Ollama {
    return new Ollama(this.url);
  }

  async listening(): Promise<void> {
    const explain = (): string => this.describe();
    await eventually('the gateway listens', () => this.logged('listening') ?? !this.running, { explain });
    if (!this.running) throw new Error(`the gateway ended at its start. ${explain()}`);
    const up = async (): Promise<boolean> => (await this.ollama.get('/health/startup')).status === 200;
    await eventually('the gateway is up', up, { explain });
  }

  async status(): Promise<Status> {
    return (await this.ollama.get('/status')).json<Status>();
  }

  /** Resolves with the first status that `fits`. */
  until(what: string, fits: (status: Status) => boolean, withinMs?: number): Promise<Status> {
    let last: Status | null = null;
    const look = async (): Promise<Status | null> => {
      last = await this.status();
      return fits(last) ? last : null;
    };
    return eventually(what, look, {
      withinMs,
      explain: () => `The last status was ${JSON.stringify(last)}. ${this.describe()}`,
    });
  }

  untilPhase(phase: string, withinMs?: number): Promise<Status> {
    return this.until(`phase ${phase}`, (status) => status.phase === phase, withinMs);
  }

  /** The newest line of the log with this message. */
  logged(message: string): LogLine | undefined {
    return this.log.findLast((line) => line.msg === message);
  }

  /** Resolves when these are the last phases in the log, which comes a moment later than the answers. */
  async wentThrough(...phases: string[]): Promise<void> {
    const logged = (): string[] => this.log.flatMap(({ msg, to }) => (msg.startsWith('phase ') ? [String(to)] : []));
    const look = (): boolean => logged().slice(-phases.length).join() === phases.join();
    const explain = (): string => `The log has ${logged().join()}.`;
    await eventually(`phases ${phases.join()}`, look, { withinMs: 2000, explain });
  }

  /** Sends the signal and resolves when the process has ended; harmless when it has ended already. */
  async kill(signal: NodeJS.Signals): Promise<Exit> {
    this.signal(signal);
    return this.exited;
  }

  /** Sends the signal and returns at once. */
  signal(signal: NodeJS.Signals): void {
    if (this.running) this.child.kill(signal);
  }

  /** Another process with the same environment (or a changed one), after this one has ended. */
  async restart(changes: Record<string, string> = {}): Promise<GatewayProcess> {
    await this.exited;
    return GatewayProcess.start({ ...this.environment, ...changes });
  }

  /** Its last words, for the message of a test that failed. */
  describe(): string {
    const polls = new Set<unknown>(['/status', '/health/startup']);
    const lines = this.log
      .filter((line) => !polls.has(line.path))
      .slice(-15)
      .map((line) => JSON.stringify(line));
    return ['Its log ends with:', ...lines, ...this.oddLines.slice(-5), this.stderr].join('\n');
  }

  /** Whatever a test is about: no gateway may write what only a mistake of its own can make it write. */
  private refuseMistakes(): void {
    const mistakes = this.log.filter(({ msg }) => /never should|made a mistake/.test(msg));
    if (mistakes.length === 0 && this.oddLines.length === 0 && this.stderr === '') return;
    throw new Error(
      ['a gateway made a mistake:', ...mistakes.map((line) => JSON.stringify(line)), this.describe()].join('\n'),
    );
  }

  private read(line: string): void {
    try {
      this.log.push(JSON.parse(line) as LogLine);
    } catch {
      this.oddLines.push(line);
    }
  }
}

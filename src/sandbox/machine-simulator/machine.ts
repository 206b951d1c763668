/** One simulated machine between a start and a stop: its boot, and then its Ollama with the end of the link before it. */
import type { Clock, Timer } from '../../common/time/clock.js';
import { LinkFront, type LinkFrontOptions } from './link-front.js';

/** What listens behind the link. */
export interface OllamaService {
  url: string;
  /** The Host that it takes requests for. */
  host: string;
  close(): Promise<void>;
}

export interface MachineParts {
  address: string;
  clock: Clock;
  startOllama(): Promise<OllamaService>;
  /** Read anew at each boot, as cloud-init does. */
  link(): Promise<Pick<LinkFrontOptions, 'port' | 'keys'>>;
  foreignRequests(): number;
  /** Told, once per boot, why the machine cannot serve. */
  warn(message: string): void;
}

/** A machine that cannot bind its port tries again, as a system service would. */
const RESTART_MS = 500;

export class Machine {
  /** While it serves. */
  front: LinkFront | null = null;
  private ollama: OllamaService | null = null;
  private on = true;
  private booting: Timer | null = null;

  constructor(private readonly parts: MachineParts) {}

  get address(): string {
    return this.parts.address;
  }

  /** @param bootMs Infinity for a boot that never ends */
  boot(bootMs: number): void {
    if (!Number.isFinite(bootMs)) return;
    this.booting = this.parts.clock.after(bootMs, () => void this.serve());
  }

  /** Resolves when nothing answers any more. */
  async switchOff(): Promise<void> {
    this.on = false;
    this.booting?.cancel();
    await this.cut();
  }

  /** Ends what runs on it and cuts its sockets; the machine itself stays on. */
  async cut(): Promise<void> {
    const { front, ollama } = this;
    this.front = null;
    this.ollama = null;
    await Promise.all([front?.close(), ollama?.close()]);
  }

  private async serve(attempt = 1): Promise<void> {
    const { parts } = this;
    try {
      await this.listen();
      if (!this.on) await this.cut();
    } catch (error) {
      await this.cut();
      // From outside it looks unreachable, whatever the reason. On a shared address the reason is the machine before it.
      if (attempt === 1) parts.warn(`simulated machine ${parts.address} cannot serve: ${String(error)}`);
      if (this.on) this.booting = parts.clock.after(RESTART_MS, () => void this.serve(attempt + 1));
    }
  }

  private async listen(): Promise<void> {
    const { parts } = this;
    const ollama = await parts.startOllama();
    this.ollama = ollama;
    const { port, keys } = await parts.link();
    this.front = await LinkFront.start({
      host: parts.address,
      port,
      keys,
      ollama,
      foreignRequests: () => parts.foreignRequests(),
    });
  }
}

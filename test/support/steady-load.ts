/** Clients that ask again and again, so that a test can change the world under them and see what each request came to. */
import { setTimeout as after } from 'node:timers/promises';
import { atEnd } from './endings.js';
import { eventually } from './eventually.js';
import type { Reply } from './ollama-client.js';

/** A client that is told to come again does not do so at once. */
const PAUSE_MS = 20;

export class SteadyLoad {
  /**
   * Starts the clients.
   * @param ask sends one request and reads its answer
   * @param verdict what an answer comes to; after `complete` a client goes on at once
   */
  static start(clients: number, ask: () => Promise<Reply>, verdict: (reply: Reply) => string): SteadyLoad {
    const load = new SteadyLoad(ask, verdict);
    load.clients = Promise.all(Array.from({ length: clients }, () => load.run()));
    atEnd(() => load.stop());
    return load;
  }

  /** Of every request that has ended, oldest first. */
  readonly verdicts: string[] = [];
  private clients: Promise<unknown> = Promise.resolve();
  private stopped = false;

  private constructor(
    private readonly ask: () => Promise<Reply>,
    private readonly verdict: (reply: Reply) => string,
  ) {}

  /** Resolves when so many more requests have come to this. */
  async more(count: number, verdict: string): Promise<void> {
    const begin = this.verdicts.length;
    const fits = (): boolean => this.verdicts.slice(begin).filter((one) => one === verdict).length >= count;
    await eventually(`${count} × ${verdict}`, fits, { explain: () => `There were: ${this.kinds().join()}.` });
  }

  /** Every verdict there was, once. */
  kinds(): string[] {
    return [...new Set(this.verdicts)].sort();
  }

  /** Resolves when the last request has ended. */
  async stop(): Promise<void> {
    this.stopped = true;
    await this.clients;
  }

  private async run(): Promise<void> {
    while (!this.stopped) {
      const verdict = await this.ask().then(this.verdict, (error: NodeJS.ErrnoException) => `broken: ${error.code}`);
      this.verdicts.push(verdict);
      if (verdict !== 'complete') await after(PAUSE_MS);
    }
  }
}

/**
 * The models in memory. A load runs on behalf of the request that asked first and dies with it (ollama-api.md §0 fact
 * 2): a chain of impatient clients keeps a big model from ever loading, which is why the gateway loads by itself.
 */
import type { Clock } from '../../common/time/clock.js';
import { refusalOf, type OllamaBehaviour } from './behaviour.js';
import type { DiskModel } from './model-disk.js';
import { OllamaError } from './ollama-error.js';

export interface Runner {
  model: DiskModel;
  expiresAtMs: number;
}

/** What a negative keep_alive becomes in Ollama: about 292 years. */
const FOREVER_MS = 292 * 365.25 * 24 * 3_600_000;

export class Runners {
  private readonly loaded = new Map<string, Runner>();
  /** One load at a time; settles, never rejects, when the current one has ended somehow. */
  private loading: Promise<void> | null = null;

  constructor(
    private readonly clock: Clock,
    private readonly behaviour: OllamaBehaviour,
    /** OLLAMA_KEEP_ALIVE in ms; negative is for ever. */
    private readonly defaultKeepAliveMs: number,
  ) {}

  /** Models in memory, the one that expires last first. */
  list(): Runner[] {
    const nowMs = this.clock.nowMs();
    for (const [name, runner] of this.loaded) if (runner.expiresAtMs <= nowMs) this.loaded.delete(name);
    return [...this.loaded.values()].sort((a, b) => b.expiresAtMs - a.expiresAtMs);
  }

  unload(name: string): void {
    this.loaded.delete(name);
  }

  /**
   * Resolves when the model is in memory. `keepAliveMs` undefined keeps the runner's own. Rejects when `signal` aborts
   * first, and with an OllamaError when the runner dies.
   */
  async ensure(model: DiskModel, keepAliveMs: number | undefined, signal: AbortSignal): Promise<void> {
    while (!this.has(model.name)) {
      if (this.loading) await raceAbort(this.loading, signal);
      else await this.load(model, signal);
    }
    const runner = this.loaded.get(model.name) as Runner;
    if (keepAliveMs !== undefined) runner.expiresAtMs = this.expiry(keepAliveMs);
  }

  private has(name: string): boolean {
    return this.list().some((one) => one.model.name === name);
  }

  private async load(model: DiskModel, signal: AbortSignal): Promise<void> {
    const attempt = this.clock.sleep(this.behaviour.loadMs, signal);
    this.loading = attempt.then(
      () => undefined,
      () => undefined,
    );
    try {
      await attempt;
    } finally {
      this.loading = null;
    }
    if (refusalOf(this.behaviour, model.name) === 'load-error') {
      throw new OllamaError(500, 'llama runner process has terminated: cudaMalloc failed: out of memory');
    }
    this.loaded.set(model.name, { model, expiresAtMs: this.expiry(this.defaultKeepAliveMs) });
  }

  private expiry(keepAliveMs: number): number {
    return this.clock.nowMs() + (keepAliveMs < 0 ? FOREVER_MS : keepAliveMs);
  }
}

/** Waits for `promise`, or rejects as soon as the waiting client has left. */
async function raceAbort(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  let onAbort = (): void => undefined;
  const aborted = new Promise<never>((_resolve, reject) => {
    onAbort = () => reject(signal.reason as Error);
    signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

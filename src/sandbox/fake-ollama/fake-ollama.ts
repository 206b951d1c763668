/**
 * An Ollama over real HTTP without a model in it. This file listens, dispatches and turns errors into answers; what the
 * routes do is in the files beside it.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { SystemClock, type Clock } from '../../common/time/clock.js';
import { closeNow, listen } from '../http-server.js';
import { defaultBehaviour, type OllamaBehaviour } from './behaviour.js';
import { applyCors } from './cors.js';
import { Exchange } from './exchange.js';
import { Journal } from './journal.js';
import { ModelDisk } from './model-disk.js';
import { Ollama } from './ollama.js';
import { OllamaError } from './ollama-error.js';
import { answerUnrouted, findRoute } from './ollama-routes.js';
import { Runners } from './runners.js';

export interface FakeOllamaOptions {
  host?: string;
  /** 0 (default) takes a free one. */
  port?: number;
  behaviour?: OllamaBehaviour;
  disk?: ModelDisk;
  journal?: Journal;
  clock?: Clock;
  /** OLLAMA_KEEP_ALIVE; negative is for ever. Ollama's own default is five minutes. */
  keepAliveMs?: number;
}

const FIVE_MINUTES_MS = 300_000;

/** Two spaces, and no Retry-After: a gateway must pass exactly this on. */
const QUEUE_FULL = new OllamaError(503, 'server busy, please try again.  maximum pending requests exceeded');

export class FakeOllama {
  /** Listens and resolves; rejects with Node's error when the address cannot be bound. */
  static async start(options: FakeOllamaOptions = {}): Promise<FakeOllama> {
    const ollama = new FakeOllama(options);
    ollama.boundPort = await listen(ollama.server, ollama.host, options.port ?? 0);
    return ollama;
  }

  readonly behaviour: OllamaBehaviour;
  readonly disk: ModelDisk;
  readonly journal: Journal;
  private readonly ollama: Ollama;
  private readonly server: Server;

  private readonly host: string;
  private boundPort = 0;

  private constructor(options: FakeOllamaOptions) {
    this.host = options.host ?? '127.0.0.1';
    const clock = options.clock ?? new SystemClock();
    this.behaviour = options.behaviour ?? defaultBehaviour();
    this.disk = options.disk ?? new ModelDisk(50);
    this.journal = options.journal ?? new Journal();
    const runners = new Runners(clock, this.behaviour, options.keepAliveMs ?? FIVE_MINUTES_MS);
    this.ollama = new Ollama(clock, this.behaviour, this.disk, runners);
    this.server = createServer((request, response) => void this.serve(request, response));
    // Ollama's server has no timeouts at all, and Go says nothing about keep-alive.
    this.server.requestTimeout = 0;
    this.server.keepAliveTimeout = 0;
  }

  get url(): string {
    return `http://${this.host}:${this.boundPort}`;
  }

  /** Cuts every connection. */
  close(): Promise<void> {
    return closeNow(this.server);
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const record = this.journal.begin({
      host: this.host,
      method: request.method ?? 'GET',
      url: request.url ?? '/',
      headers: { ...request.headers },
      bodyLength: 0,
      aborted: false,
    });
    const exchange = new Exchange(request, response, record);
    if (this.behaviour.hang || applyCors(exchange)) return;
    const found = findRoute(exchange);
    if (!found) return answerUnrouted(exchange);
    if (found.route.inference) {
      this.journal.streamOpened();
      response.once('close', () => this.journal.streamClosed());
    }
    try {
      if (found.route.inference && this.behaviour.busy) throw QUEUE_FULL;
      await found.route.handler(exchange, this.ollama, found.params);
    } catch (error) {
      answerError(exchange, error);
    }
  }
}

function answerError(exchange: Exchange, error: unknown): void {
  // Nobody is there to read an answer; the journal already says so.
  if (exchange.signal.aborted) return;
  const known = error instanceof OllamaError ? error : new OllamaError(500, String(error));
  if (exchange.headersSent) return exchange.end();
  exchange.sendJson(known.status, known.bodyFor(exchange.path));
}

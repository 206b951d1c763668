/**
 * A machine whose answers a test writes. The gateway's own questions (probe, load, lists) are answered as by an Ollama
 * that has everything; a request that carries the mark goes to the test's handler, whatever it asks for.
 */
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { MachineHost } from '../../src/sandbox/exoscale-simulator/options.js';
import { closeNow, listen } from '../../src/sandbox/http-server.js';
import { freePort } from '../../src/sandbox/machine-simulator/loopback.js';
import { atEnd } from './endings.js';
import { MODEL } from './ollama-client.js';

/** The header that tells a client's request from the gateway's own. */
export const MARK = 'x-forwarded-by-test';

export interface Received {
  method: string;
  url: string;
  /** As they came: name, value, name, value …, without the mark. */
  headers: string[];
  body: Buffer;
}

const HOST = '127.0.0.1';

export class ScriptedOllama implements MachineHost {
  static async open(): Promise<ScriptedOllama> {
    const machine = new ScriptedOllama(await freePort());
    atEnd(() => machine.down());
    return machine;
  }

  /** What has arrived completely, oldest first. */
  readonly received: Received[] = [];
  /** Marked requests that have not ended. */
  openRequests = 0;
  /** Marked requests whose client left before the answer was complete. */
  abandoned = 0;
  /** Answers a marked request. */
  handler: RequestListener = (request, response) => void this.echo(request, response);
  private server: Server | null = null;

  private constructor(readonly linkPort: number) {}

  async start(): Promise<string> {
    await this.up();
    return HOST;
  }

  stop(): Promise<void> {
    return this.down();
  }

  /** Begins to listen, where it does not. */
  async up(): Promise<void> {
    if (this.server) return;
    const server = createServer();
    this.server = server;
    const take = (request: IncomingMessage, response: ServerResponse): void => this.take(request, response);
    server.on('request', take).on('checkContinue', take);
    server.requestTimeout = 0;
    server.keepAliveTimeout = 0;
    await listen(server, HOST, this.linkPort);
  }

  /** Cuts everything and listens no more. */
  async down(): Promise<void> {
    const { server } = this;
    this.server = null;
    if (server) await closeNow(server);
  }

  /** Reads the request to its end, remembers it, and answers 200 with its method and target. */
  async echo(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const received = await this.receive(request).catch(() => null);
    if (received) response.writeHead(200, { 'Content-Type': 'text/plain' }).end(`${received.method} ${received.url}`);
  }

  /** Reads the request to its end and remembers it. */
  async receive(request: IncomingMessage): Promise<Received> {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const pairs = request.rawHeaders
      .map((_, index, all) => all.slice(index, index + 2))
      .filter((_, index) => index % 2 === 0);
    const headers = pairs.filter(([name]) => name?.toLowerCase() !== MARK).flat();
    const { method = '', url = '' } = request;
    const received = { method, url, headers, body: Buffer.concat(chunks) };
    this.received.push(received);
    return received;
  }

  private take(request: IncomingMessage, response: ServerResponse): void {
    if (!(MARK in request.headers)) return answerGateway(request, response);
    this.openRequests += 1;
    response.once('close', () => {
      this.openRequests -= 1;
      if (!response.writableFinished) this.abandoned += 1;
    });
    this.handler(request, response);
  }
}

/** What the gateway asks when it brings a machine up and proves it. */
function answerGateway(request: IncomingMessage, response: ServerResponse): void {
  if (request.url === '/') return void response.end('Ollama is running');
  const models = [{ name: MODEL, model: MODEL, modified_at: '2026-01-01T00:00:00Z' }];
  response.setHeader('Content-Type', 'application/json');
  response.end(JSON.stringify({ models, version: '0.32.15', done: true, done_reason: 'load' }));
}

/** An HTTP server on a loopback port that answers as a test scripts it and remembers what it received, byte by byte. */
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';

export interface ReceivedRequest {
  method: string;
  /** Path and query as sent. */
  target: string;
  headers: IncomingHttpHeaders;
  body: string;
}

/** Answers one request; may also leave it open or destroy its socket. */
export type Responder = (response: ServerResponse, request: ReceivedRequest) => void;

export class ScriptedHttp {
  readonly requests: ReceivedRequest[] = [];
  /** Requests whose answer has neither ended nor lost its reader. */
  open = 0;
  private readonly waiting: { count: number; resolve: () => void }[] = [];

  private constructor(
    private readonly server: Server,
    private readonly scheme: string,
  ) {}

  static async start(responder: Responder, tls?: { key: string; cert: string }): Promise<ScriptedHttp> {
    const server = tls ? createSecureServer(tls) : createServer();
    const scripted = new ScriptedHttp(server, tls ? 'https' : 'http');
    server.on('request', (request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const { method = '', url = '', headers } = request;
        const received = { method, target: url, headers, body: Buffer.concat(chunks).toString('utf8') };
        scripted.requests.push(received);
        scripted.open += 1;
        response.once('close', () => (scripted.open -= 1));
        scripted.wakeWaiting();
        responder(response, received);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return scripted;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  get url(): string {
    return `${this.scheme}://127.0.0.1:${this.port}`;
  }

  /** Resolves as soon as that many requests have arrived. */
  arrived(count: number): Promise<void> {
    return new Promise((resolve) => {
      this.waiting.push({ count, resolve });
      this.wakeWaiting();
    });
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.server.closeAllConnections();
    await closed;
  }

  private wakeWaiting(): void {
    for (const one of this.waiting) if (this.requests.length >= one.count) one.resolve();
  }
}

export function answerJson(response: ServerResponse, status: number, body: unknown, headers = {}): void {
  response.writeHead(status, { 'Content-Type': 'application/json', ...headers }).end(JSON.stringify(body));
}

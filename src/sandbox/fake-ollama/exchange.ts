/**
 * One request and its answer, written the way Go's net/http writes: no Keep-Alive, no Connection, Content-Length only on
 * small bodies, and nothing at all before there is something to say (ollama-api.md §0 fact 1).
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RecordedRequest } from './journal.js';
import { OllamaError } from './ollama-error.js';

export type JsonObject = Readonly<Record<string, unknown>>;

/** Go sets Content-Length when the whole body fits its buffer. */
const GO_BUFFER_BYTES = 2048;

export class Exchange {
  /** Aborts when the client leaves before the answer is complete: the only way to cancel anything in this API. */
  readonly signal: AbortSignal;
  readonly path: string;

  constructor(
    readonly request: IncomingMessage,
    private readonly response: ServerResponse,
    private readonly record: RecordedRequest,
  ) {
    const abort = new AbortController();
    this.signal = abort.signal;
    this.path = (request.url ?? '/').split('?', 1)[0] as string;
    response.removeHeader('Connection');
    response.on('close', () => {
      if (response.writableFinished) return;
      record.aborted = true;
      abort.abort(new Error('the client has left'));
    });
  }

  get method(): string {
    return this.request.method ?? 'GET';
  }

  get headersSent(): boolean {
    return this.response.headersSent;
  }

  /** The body in chunks, counted. */
  async *chunks(): AsyncGenerator<Buffer> {
    for await (const chunk of this.request as AsyncIterable<Buffer>) {
      this.record.bodyLength += chunk.length;
      yield chunk;
    }
  }

  /** The JSON object of the body, whatever its Content-Type. @throws OllamaError 400 */
  async json(): Promise<JsonObject> {
    const chunks: Buffer[] = [];
    for await (const chunk of this.chunks()) chunks.push(chunk);
    const text = Buffer.concat(chunks).toString();
    if (text === '') throw new OllamaError(400, 'missing request body');
    try {
      const value: unknown = JSON.parse(text);
      if (typeof value === 'object' && value !== null) return value as JsonObject;
    } catch {
      throw new OllamaError(400, `invalid character '${text.trim()[0] ?? ' '}' looking for beginning of value`);
    }
    throw new OllamaError(400, 'json: cannot unmarshal into Go value of type api.Request');
  }

  /** Headers for whatever answer follows. */
  addHeaders(headers: Record<string, string>): void {
    for (const [name, value] of Object.entries(headers)) this.response.setHeader(name, value);
  }

  sendJson(status: number, value: unknown): void {
    this.send(status, 'application/json; charset=utf-8', JSON.stringify(value));
  }

  sendText(status: number, text: string, headers: Record<string, string> = {}): void {
    this.send(status, 'text/plain', text, headers);
  }

  sendEmpty(status: number, headers: Record<string, string> = {}): void {
    // A 204 has no length, not even zero.
    this.response.writeHead(status, { ...(status !== 204 && { 'Content-Length': 0 }), ...headers }).end();
  }

  send(status: number, contentType: string, text: string, headers: Record<string, string> = {}): void {
    const bytes = Buffer.from(text);
    const length = bytes.length <= GO_BUFFER_BYTES ? { 'Content-Length': bytes.length } : {};
    this.response.writeHead(status, { 'Content-Type': contentType, ...length, ...headers }).end(bytes);
  }

  /** Writes one piece of a stream; status and headers go out with the first. Resolves when there is room for more. */
  async write(contentType: string, text: string): Promise<void> {
    this.signal.throwIfAborted();
    if (!this.response.headersSent) this.response.writeHead(200, { 'Content-Type': contentType });
    if (this.response.write(text)) return;
    await new Promise<void>((resolve, reject) => {
      const onAbort = (): void => reject(this.signal.reason as Error);
      this.signal.addEventListener('abort', onAbort, { once: true });
      this.response.once('drain', () => {
        this.signal.removeEventListener('abort', onAbort);
        resolve();
      });
    });
  }

  async writeLine(value: unknown): Promise<void> {
    await this.write('application/x-ndjson', `${JSON.stringify(value)}\n`);
  }

  end(): void {
    this.response.end();
  }
}

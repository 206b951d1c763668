/** HTTP as clients of Ollama speak it, one connection per request, nothing added and nothing normalised. */
import { request as httpRequest, type ClientRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { atEnd } from './endings.js';

export interface Call {
  method?: string;
  path: string;
  /** A flat array keeps order and spelling. */
  headers?: Record<string, string> | readonly string[];
  body?: string | Buffer;
}

export class Reply {
  constructor(
    readonly status: number,
    readonly headers: IncomingHttpHeaders,
    readonly body: Buffer,
    readonly tookMs: number,
  ) {}

  get text(): string {
    return this.body.toString('utf8');
  }

  json<T = Record<string, unknown>>(): T {
    return JSON.parse(this.text) as T;
  }
}

/** A request under way whose sides a test moves by hand. */
export class OpenCall {
  readonly response: Promise<IncomingMessage>;

  constructor(readonly request: ClientRequest) {
    this.response = new Promise((resolve, reject) => request.once('response', resolve).once('error', reject));
    // Whoever leaves on purpose does not wait for an answer.
    this.response.catch(() => undefined);
    request.on('error', () => undefined);
    atEnd(() => request.destroy());
  }

  /** The client leaves. */
  leave(): void {
    this.request.destroy();
  }
}

export class Ollama {
  constructor(private readonly url: string) {}

  /** Resolves with the whole answer. */
  async send(call: Call): Promise<Reply> {
    const startedMs = performance.now();
    const open = this.open(call);
    open.request.end(call.body);
    return readReply(await open.response, startedMs);
  }

  get(path: string, headers: Record<string, string> = {}): Promise<Reply> {
    return this.send({ path, headers });
  }

  post(path: string, body: object | string, headers: Record<string, string> = {}): Promise<Reply> {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    return this.send({ method: 'POST', path, headers, body: text });
  }

  /** The request that most suites ask with. */
  generate(fields: object = {}, headers: Record<string, string> = {}): Promise<Reply> {
    return this.post('/api/generate', { model: MODEL, prompt: 'why is the sky blue?', ...fields }, headers);
  }

  /** Begins a request; its body and its end are up to the caller. */
  open({ method, path, headers, body }: Call): OpenCall {
    const { hostname, port } = new URL(this.url);
    const given = flat(headers);
    const has = (name: RegExp): boolean => given.some((one, index) => index % 2 === 0 && name.test(one));
    const host = has(/^host$/i) ? [] : ['Host', `gateway:${port}`];
    const framed = body === undefined || has(/^(content-length|transfer-encoding)$/i);
    const length = framed ? [] : ['Content-Length', String(Buffer.byteLength(body))];
    const options = { hostname, port, method: method ?? 'GET', path, agent: false as const };
    return new OpenCall(httpRequest({ ...options, headers: [...host, ...given, ...length] }));
  }
}

export const MODEL = 'granite3.1-dense:8b';

export async function readReply(response: IncomingMessage, startedMs = performance.now()): Promise<Reply> {
  const chunks: Buffer[] = [];
  for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk);
  const body = Buffer.concat(chunks);
  return new Reply(response.statusCode ?? 0, response.headers, body, performance.now() - startedMs);
}

/** Name, value, name, value … */
function flat(headers: Call['headers'] = {}): readonly string[] {
  return isFlat(headers) ? headers : Object.entries(headers).flat();
}

function isFlat(headers: NonNullable<Call['headers']>): headers is readonly string[] {
  return Array.isArray(headers);
}

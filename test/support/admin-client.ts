/** The admin API as operators speak it: small JSON requests, and the event stream read frame by frame. */
import { eventually } from './eventually.js';
import { Ollama, type OpenCall, type Reply } from './ollama-client.js';

export interface Frame {
  id: string;
  event: string;
  data: { version: number; from: string; to: string; reason: string; cause: string; actor: string | null };
}

/** One reader of `GET /admin/events`. */
export class EventReader {
  /** What has come so far, but comments. */
  readonly frames: Frame[] = [];
  /** Resolves with true when the gateway has ended the stream in an orderly way, false when it was cut. */
  readonly ended: Promise<boolean>;
  private text = '';

  private constructor(
    private readonly call: OpenCall,
    response: Awaited<OpenCall['response']>,
  ) {
    response.setEncoding('utf8').on('data', (text: string) => this.take(text));
    this.ended = new Promise((resolve) => {
      response.once('close', () => resolve(response.complete));
      response.on('error', () => resolve(false));
    });
  }

  static async open(call: OpenCall): Promise<EventReader> {
    call.request.end();
    const response = await call.response;
    if (response.statusCode !== 200) throw new Error(`the event stream was answered ${response.statusCode}`);
    return new EventReader(call, response);
  }

  get transitions(): Frame[] {
    return this.frames.filter(({ event }) => event === 'transition');
  }

  /** The id to resume with. */
  get lastId(): string {
    return this.frames.at(-1)?.id ?? '';
  }

  /** Resolves when a transition into this phase has come. */
  async until(phase: string): Promise<void> {
    const came = (): boolean => this.transitions.some(({ data }) => data.to === phase && data.from !== phase);
    await eventually(`the event of ${phase}`, came, { explain: () => JSON.stringify(this.frames) });
  }

  leave(): void {
    this.call.leave();
  }

  private take(text: string): void {
    const blocks = (this.text + text).split('\n\n');
    this.text = blocks.pop() ?? '';
    for (const block of blocks) {
      const field = (name: string): string => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1] ?? '';
      if (block.startsWith(':')) continue;
      this.frames.push({ id: field('id'), event: field('event'), data: JSON.parse(field('data')) as Frame['data'] });
    }
  }
}

export class AdminClient {
  private readonly http: Ollama;
  private readonly headers: Record<string, string>;

  constructor(url: string, headers: Record<string, string> = {}) {
    this.http = new Ollama(url);
    this.headers = { Host: new URL(url).host, ...headers };
  }

  get(path: string, headers: Record<string, string> = {}): Promise<Reply> {
    return this.http.get(path, { ...this.headers, ...headers });
  }

  /** @param body JSON, or text as it is; nothing at all by default */
  post(path: string, body: object | string = '', headers: Record<string, string> = {}): Promise<Reply> {
    return this.http.post(path, body, { ...this.headers, ...headers });
  }

  async state(): Promise<Record<string, unknown>> {
    return (await this.get('/admin/state')).json();
  }

  /** The text that Prometheus gets. */
  async metrics(): Promise<string> {
    return (await this.get('/metrics')).text;
  }

  /** @param lastEventId to go on after that event */
  events(lastEventId?: string): Promise<EventReader> {
    const resume: Record<string, string> = lastEventId === undefined ? {} : { 'Last-Event-ID': lastEventId };
    return EventReader.open(this.http.open({ path: '/admin/events', headers: { ...this.headers, ...resume } }));
  }
}

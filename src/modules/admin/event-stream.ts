/**
 * One reader of the event stream, in the format of Server-Sent Events (HTML standard, §9.2). Everything it is sent comes out
 * of the stored log at its own pace: a slow reader costs one page of memory, and one that comes back misses nothing.
 */
import type { ServerResponse } from 'node:http';
import { Subscription, type Observable } from 'rxjs';
import { Pump } from '../../common/async/pump.js';
import type { Logger } from '../../common/logging/logger.js';
import type { Clock, Timer } from '../../common/time/clock.js';
import type { EventLogReader, PlacedEvent } from './event-log-reader.js';

/** Shorter than the usual 60 s after which a proxy takes a silent connection for dead. */
const COMMENT_EVERY_MS = 15_000;

const HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store',
  // nginx would collect the stream otherwise.
  'x-accel-buffering': 'no',
};

export class EventStream {
  private readonly pump = new Pump(() => this.sendNew());
  private readonly subscription = new Subscription();
  private comment: Timer | null = null;
  private ended = false;

  constructor(
    private readonly reader: EventLogReader,
    private readonly response: ServerResponse,
    private readonly tools: { clock: Clock; log: Logger },
  ) {}

  /**
   * Streams until the reader leaves or the gateway does; `state$` says when there may be something new.
   * @param first the state from which the transitions go on, where the reader does not know it yet
   */
  open(state$: Observable<unknown>, first: { version: number; state: object } | null): void {
    this.response.once('close', () => this.stop());
    this.response.writeHead(200, HEADERS).flushHeaders();
    if (first) this.response.write(frame(String(first.version), 'state', first.state));
    this.commentLater();
    this.subscription.add(state$.subscribe({ next: () => this.pump.signal(), complete: () => this.end() }));
  }

  private async sendNew(): Promise<void> {
    try {
      for (let page = await this.reader.next(); page.length > 0; page = await this.reader.next()) {
        for (const event of page) await this.send(event);
      }
    } catch (error) {
      // What could not be read is read when the store works again, which is an emission.
      this.tools.log.debug({ err: error }, 'the event log could not be read for an event stream');
    }
  }

  /** Resolves when the reader may be sent more, or has gone. */
  private async send({ version, position, atMs, ...event }: PlacedEvent): Promise<void> {
    if (this.ended) return;
    const { from, to, reason, cause, actor } = event;
    const data = { version, at: new Date(atMs).toISOString(), from, to, reason, cause, actor };
    if (this.response.write(frame(`${version}.${position}`, 'transition', data))) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        this.response.off('drain', done).off('close', done);
        resolve();
      };
      this.response.on('drain', done).on('close', done);
    });
  }

  private commentLater(): void {
    this.comment = this.tools.clock.after(COMMENT_EVERY_MS, () => {
      if (!this.response.writableNeedDrain) this.response.write(': still here\n\n');
      this.commentLater();
    });
  }

  private end(): void {
    this.stop();
    this.response.end();
  }

  private stop(): void {
    this.ended = true;
    this.comment?.cancel();
    this.subscription.unsubscribe();
  }
}

/** JSON has no line breaks of its own: one line of data. */
function frame(id: string, event: string, data: object): string {
  return `id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}

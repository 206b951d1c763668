import type { ServerResponse } from 'node:http';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Subject } from 'rxjs';
import { ManualClock, settle } from '../../../test/support/manual-clock.js';
import type { Logger } from '../../common/logging/logger.js';
import type { StoredEvent } from '../provisioning/provisioning.control.js';
import { EventLogReader } from './event-log-reader.js';
import { EventStream } from './event-stream.js';

const PAGE = 100;
const quiet = () => undefined;
const log: Logger = { debug: quiet, info: quiet, warn: quiet, error: quiet };

/** A response whose reader reads only when the test does. */
class SlowResponse extends PassThrough {
  headers: Record<string, string> = {};

  writeHead(_status: number, headers: Record<string, string>): this {
    this.headers = headers;
    return this;
  }

  flushHeaders(): void {}

  /** What has arrived since the last call. */
  arrived(): string {
    return String(this.read() ?? '');
  }

  get asServer(): ServerResponse {
    return this as unknown as ServerResponse;
  }
}

let clock: ManualClock;
let state$: Subject<void>;
let response: SlowResponse;
let stored: StoredEvent[];
let pagesRead: number;

const control = {
  events: (after: number, limit: number): Promise<StoredEvent[]> => {
    pagesRead += 1;
    return Promise.resolve(stored.filter(({ version }) => version > after).slice(0, limit));
  },
};

beforeEach(() => {
  clock = new ManualClock();
  state$ = new Subject();
  // Node's own default is another one from 22 on.
  response = new SlowResponse({ highWaterMark: 16 * 1024 });
  stored = [];
  pagesRead = 0;
});
afterEach(() => void response.destroy());

function happen(times = 1): void {
  for (let i = 0; i < times; i += 1) {
    const version = stored.length + 1;
    const what = { from: 'absent', to: 'creating', reason: 'a\nreason', cause: 'request', actor: 'key alice' } as const;
    stored.push({ version, atMs: clock.nowMs(), ...what });
  }
}

async function open(first: { version: number; state: object } | null = null): Promise<void> {
  const reader = new EventLogReader(control, { version: 0, position: null });
  new EventStream(reader, response.asServer, { clock, log }).open(state$, first);
  await settle();
}

async function emit(): Promise<void> {
  state$.next();
  await settle();
}

describe('an event stream', () => {
  it('is one that no proxy keeps back and no cache keeps', async () => {
    await open();
    expect(response.headers).toEqual({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    });
  });

  it('begins with the state where its reader knows none', async () => {
    await open({ version: 7, state: { phase: 'ready' } });
    expect(response.arrived()).toBe('id: 7\nevent: state\ndata: {"phase":"ready"}\n\n');
  });

  it('sends each transition in one frame, its data in one line', async () => {
    await open();
    happen();
    await emit();
    const data = `{"version":1,"at":"2026-11-24T12:00:00.000Z","from":"absent","to":"creating","reason":"a\\nreason","cause":"request","actor":"key alice"}`;
    expect(response.arrived()).toBe(`id: 1.0\nevent: transition\ndata: ${data}\n\n`);
  });

  it('reads the log when something was decided, and at no other time', async () => {
    await open();
    happen();
    await clock.advance(60_000);
    expect(pagesRead).toBe(0);
    await emit();
    expect(response.arrived()).toContain('id: 1.0');
  });

  it('says every 15 seconds that it is still there', async () => {
    await open();
    await clock.advance(14_999);
    expect(response.arrived()).toBe('');
    await clock.advance(1);
    expect(response.arrived()).toMatch(/^: .*\n\n$/);
    await clock.advance(15_000);
    expect(response.arrived()).toMatch(/^: .*\n\n$/);
  });

  it('holds no more than a page for a reader that does not read, and loses nothing for it', async () => {
    await open();
    happen(50 * PAGE);
    await emit();
    await clock.advance(3_600_000);
    expect(pagesRead).toBeLessThanOrEqual(2);
    expect(response.writableLength + response.readableLength).toBeLessThan(64 * 1024);
    let text = '';
    for (let more = response.arrived(); more !== ''; more = response.arrived()) {
      text += more;
      await settle();
    }
    const ids = [...text.matchAll(/^id: (.*)$/gm)].map(([, id]) => id);
    expect(ids).toEqual(stored.map(({ version }) => `${version}.0`));
  });

  it('goes on after a time in which the log could not be read', async () => {
    await open();
    happen();
    const { events } = control;
    control.events = () => Promise.reject(new Error('the disk is full'));
    await emit();
    control.events = events;
    await emit();
    expect(response.arrived()).toContain('id: 1.0');
  });

  it('ends when the gateway leaves', async () => {
    await open();
    state$.complete();
    expect(response.writableEnded).toBe(true);
  });

  it('costs nothing any more when its reader has left', async () => {
    await open();
    response.destroy();
    await settle();
    expect(state$.observed).toBe(false);
    happen();
    await clock.advance(60_000);
    expect(pagesRead).toBe(0);
  });
});

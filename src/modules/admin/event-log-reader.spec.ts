import { describe, expect, it } from '@jest/globals';
import type { StoredEvent } from '../provisioning/provisioning.control.js';
import { EventLogReader, parsePlace, type LogPlace } from './event-log-reader.js';

/** A log whose commits have these numbers of events; whole commits per page, as the stores have it. */
class Log {
  readonly stored: StoredEvent[] = [];

  constructor(...commits: number[]) {
    commits.forEach((count, index) => this.commit(index + 1, count));
  }

  commit(version: number, count: number): void {
    for (let i = 0; i < count; i += 1) {
      const what = { from: 'ready', to: 'ready', reason: `event ${i}`, cause: 'operator', actor: null } as const;
      this.stored.push({ version, atMs: version * 1000, ...what });
    }
  }

  events(after: number, limit: number): Promise<StoredEvent[]> {
    const later = this.stored.filter(({ version }) => version > after);
    const last = later[Math.min(limit, later.length) - 1]?.version ?? 0;
    return Promise.resolve(later.filter(({ version }) => version <= last));
  }
}

async function readAll(reader: EventLogReader): Promise<string[]> {
  const ids: string[] = [];
  for (let page = await reader.next(); page.length > 0; page = await reader.next()) {
    ids.push(...page.map(({ version, position }) => `${version}.${position}`));
  }
  return ids;
}

const from = (log: Log, place: LogPlace) => readAll(new EventLogReader(log, place));

describe('reading on from a place in the log', () => {
  it('goes on after a version, and names each event by its place in the commit', async () => {
    expect(await from(new Log(1, 3, 0, 2), { version: 1, position: null })).toEqual([
      '2.0',
      '2.1',
      '2.2',
      '4.0',
      '4.1',
    ]);
  });

  it('goes on in the middle of a commit', async () => {
    expect(await from(new Log(1, 3, 1), { version: 2, position: 0 })).toEqual(['2.1', '2.2', '3.0']);
  });

  it('goes on after the last event of a commit', async () => {
    expect(await from(new Log(1, 3, 1), { version: 2, position: 2 })).toEqual(['3.0']);
  });

  it('reads a log that is longer than a page to its end, each event once', async () => {
    const ids = await from(new Log(...Array.from({ length: 350 }, () => 3)), { version: 0, position: null });
    expect(ids).toHaveLength(1050);
    expect(new Set(ids).size).toBe(1050);
  });

  it('finds later what is appended later', async () => {
    const log = new Log(1);
    const reader = new EventLogReader(log, { version: 0, position: null });
    expect(await readAll(reader)).toEqual(['1.0']);
    expect(await readAll(reader)).toEqual([]);
    log.commit(5, 2);
    expect(await readAll(reader)).toEqual(['5.0', '5.1']);
  });
});

describe('a place', () => {
  it.each<[string, LogPlace | null]>([
    ['0', { version: 0, position: null }],
    ['12', { version: 12, position: null }],
    ['12.3', { version: 12, position: 3 }],
    ['', null],
    ['12.', null],
    ['-1', null],
    ['1e9', null],
    ['99999999999999999999', null],
    ['12.0\n', null],
  ])('written as %j is understood, or not', (text, place) => {
    expect(parsePlace(text)).toEqual(place);
  });
});

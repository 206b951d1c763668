/**
 * Reads the event log on from a place in it, without a gap and without a repetition. A place is written as `<version>` (all of
 * that commit has been read) or `<version>.<position>` (up to that event of the commit).
 */
import type { PoolControl, StoredEvent } from '../provisioning/provisioning.control.js';

export interface LogPlace {
  version: number;
  /** Null: all of the version has been read. */
  position: number | null;
}

export interface PlacedEvent extends StoredEvent {
  /** Of the event within its commit, from 0. */
  position: number;
}

const PAGE = 100;

/** Null for what is no place. */
export function parsePlace(text: string): LogPlace | null {
  const [, version, position] = /^(\d{1,15})(?:\.(\d{1,6}))?$/.exec(text) ?? [];
  if (version === undefined) return null;
  return { version: Number(version), position: position === undefined ? null : Number(position) };
}

export class EventLogReader {
  constructor(
    private readonly control: Pick<PoolControl, 'events'>,
    private place: LogPlace,
  ) {}

  /** The next events, oldest first; empty at the end of the log. */
  async next(): Promise<PlacedEvent[]> {
    const { version, position } = this.place;
    // A commit of which a part has been read is read again: pages begin with whole commits.
    const page = placed(await this.control.events(position === null ? version : version - 1, PAGE));
    const last = page.at(-1);
    if (!last) return [];
    this.place = { version: Math.max(last.version, version), position: null };
    const fresh = page.filter((event) => event.version > version || event.position > (position ?? Infinity));
    return fresh.length > 0 ? fresh : this.next();
  }
}

function placed(events: readonly StoredEvent[]): PlacedEvent[] {
  let position = 0;
  return events.map((event, index) => {
    position = events[index - 1]?.version === event.version ? position + 1 : 0;
    return { ...event, position };
  });
}

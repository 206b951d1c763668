/** Pages of the event log. A page never ends in the middle of a commit: the next page begins after a version. */
import type { StoredEvent } from '../provisioning/ports/state-store.port.js';

/** The first `limit` of `events` (in order), and what else belongs to the last of their commits. */
export function wholeCommits(events: readonly StoredEvent[], limit: number): StoredEvent[] {
  const last = events[Math.min(limit, events.length) - 1];
  return last ? events.filter((event) => event.version <= last.version) : [];
}

/** UUIDs that are the same in every run, so that a catalogue entry keeps its id and a failing test can be read. */
import { createHash } from 'node:crypto';

/** A version 4 shaped UUID made of `seed`. */
export function stableId(seed: string): string {
  const hex = createHash('sha256').update(seed).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

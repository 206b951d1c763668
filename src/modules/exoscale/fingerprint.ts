/**
 * The fingerprint label: two machines with the same one are interchangeable (architecture.md §3). Made of what is
 * configured, never of resolved ids: a republished template must not replace a machine.
 */
import { createHash } from 'node:crypto';
import type { ExoscaleSettings } from './exoscale-settings.js';

export function fingerprintOf(settings: ExoscaleSettings, bootstrapVersion: string): string {
  const { template, instanceType, diskSizeGib, link } = settings;
  const parts = [template, instanceType, diskSizeGib, link.kind, link.port, [...link.cidrs].sort(), bootstrapVersion];
  const hash = createHash('sha256').update(JSON.stringify(parts)).digest('hex');
  // A letter first: the documentation wants label values that do not begin with a digit.
  return `f${hash.slice(0, 15)}`;
}

/**
 * The fingerprint label: two machines with the same one are interchangeable. Made of everything that is fixed at creation
 * as it is configured (ADR 0009), never of resolved ids: a republished template must not replace a machine.
 */
import { createHash } from 'node:crypto';
import type { ExoscaleSettings } from './exoscale-settings.js';

/** @param linkDigest changes with the keys of the link */
export function fingerprintOf(settings: ExoscaleSettings, linkDigest: string, bootstrapVersion: string): string {
  const { template, instanceType, diskSizeGib, link, image, ollamaEnv } = settings;
  const cidrs = [...link.cidrs].sort();
  const env = Object.entries(ollamaEnv).sort();
  const parts = [template, instanceType, diskSizeGib, linkDigest, link.port, cidrs, bootstrapVersion, image, env];
  const hash = createHash('sha256').update(JSON.stringify(parts)).digest('hex');
  // A letter first: the documentation wants label values that do not begin with a digit.
  return `f${hash.slice(0, 15)}`;
}

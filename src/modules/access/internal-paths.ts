/**
 * The paths of the link between gateway and machine (`/__link/…`): the drain latch and the dead-man's settings. No client
 * reaches them, however it spells them.
 */
import { canonicalPath } from './canonical-path.js';

/** Whether a request target names an internal path. Of ordinary targets nothing is copied. */
export function isInternalPath(target: string): boolean {
  // To name it, two underscores are needed, or an escape that hides one.
  if (!target.includes('__') && !target.includes('%')) return false;
  return `${canonicalPath(target)}/`.includes('/__link/');
}

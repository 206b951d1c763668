/** Which machine of several is meant. */
import type { CloudMachine } from '../ports/cloud.port.js';

const LEAVING = new Set(['destroying', 'destroyed', 'expunging']);

/** Which of several machines is taken: a running one first, else the oldest by creation and id. */
export function best(machines: readonly CloudMachine[]): CloudMachine | undefined {
  const rank = (one: CloudMachine) => (one.status === 'running' ? 0 : 1);
  return [...machines].sort(
    (a, b) => rank(a) - rank(b) || a.createdAtMs - b.createdAtMs || a.id.localeCompare(b.id),
  )[0];
}

/** The cloud is getting rid of it. */
export function isLeaving(machine: CloudMachine): boolean {
  return LEAVING.has(machine.status);
}

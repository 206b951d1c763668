/** What the interceptor hands to the controller with a request that may be forwarded. */
import type { IncomingMessage } from 'node:http';
import type { TrafficLease } from '../provisioning/provisioning.gate.js';

export interface Admitted {
  lease: TrafficLease;
  readSoFar: readonly Buffer[];
}

const admitted = new WeakMap<IncomingMessage, Admitted>();

export function admit(request: IncomingMessage, what: Admitted): void {
  admitted.set(request, what);
}

/** Takes it out; there is exactly one taker. */
export function takeAdmitted(request: IncomingMessage): Admitted | undefined {
  const what = admitted.get(request);
  admitted.delete(request);
  return what;
}

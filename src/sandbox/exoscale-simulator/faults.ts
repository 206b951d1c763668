/** Faults that a test orders: each is counted and used up, so that none outlives the test that wanted it. */
import type { ScriptedResult } from './operations.js';

type FaultKind =
  /** Answer with `status`, `body` and `headers`; the call has no effect. */
  | 'status'
  /** Cut the connection; the call has no effect. */
  | 'reset-before'
  /** Carry the call out, then cut the connection: the lost answer that duplicates machines. */
  | 'reset-after'
  /** Never answer; the call has no effect. */
  | 'hang'
  /** Carry the call out and never answer. */
  | 'hang-after'
  /** Accept the call; its operation ends with `result`. */
  | 'operation';

export interface Fault {
  /** operationId such as `create-instance`, or `*`. */
  operation: string;
  times: number;
  kind: FaultKind;
  status?: number;
  body?: unknown;
  headers?: Record<string, string>;
  result?: ScriptedResult;
}

export class Faults {
  private readonly pending: Fault[] = [];

  add(fault: Fault): void {
    if (fault.times > 0) this.pending.push(structuredClone(fault));
  }

  /** Forgets what has not happened yet. */
  clear(): void {
    this.pending.length = 0;
  }

  /** Faults that are still to come. */
  list(): Fault[] {
    return structuredClone(this.pending);
  }

  /** Takes one from the first fault that fits; the order of adding is the order of happening. */
  take(operationId: string): Fault | null {
    const index = this.pending.findIndex((one) => one.operation === operationId || one.operation === '*');
    const fault = this.pending[index];
    if (!fault) return null;
    fault.times -= 1;
    if (fault.times === 0) this.pending.splice(index, 1);
    return fault;
  }
}

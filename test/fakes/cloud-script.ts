/**
 * What a test has scripted for the next calls of the FakeCloud: every entry is one-shot and counted, so that a test never
 * leaves a fault behind that it did not mean. Knows nothing of machines.
 */
import type { CloudError, CloudStatus } from '../../src/modules/provisioning/ports/cloud.port.js';

export type CloudCall = 'look' | 'create' | 'start' | 'stop' | 'destroy' | 'label' | 'preflight';

/** A job that will fail; `leaves` is the state of the machine after it, where the test says one. */
export interface FailingJob {
  error: CloudError;
  leaves: CloudStatus | 'gone' | undefined;
}

/** One scripted answer. */
export type ScriptedFault =
  /** The call has no effect. */
  | { type: 'refuse'; error: CloudError }
  /** The call has its effect, and then its answer is lost. */
  | { type: 'lose'; error: CloudError }
  /** The call is accepted and its job ends in failure. */
  | ({ type: 'operation' } & FailingJob);

export class CloudScript {
  private readonly faults: { call: CloudCall; fault: ScriptedFault }[] = [];
  private readonly gates: { call: CloudCall; opened: Promise<void> }[] = [];

  add(call: CloudCall, fault: ScriptedFault, times: number): void {
    for (let count = 0; count < times; count += 1) this.faults.push({ call, fault });
  }

  /** Holds back the answer of the next such call until the returned function is called. */
  hold(call: CloudCall): () => void {
    let open = () => {};
    const opened = new Promise<void>((resolve) => (open = resolve));
    this.gates.push({ call, opened });
    return open;
  }

  takeFault(call: CloudCall): ScriptedFault | undefined {
    return take(this.faults, call)?.fault;
  }

  async passGate(call: CloudCall): Promise<void> {
    await take(this.gates, call)?.opened;
  }
}

function take<T extends { call: CloudCall }>(list: T[], call: CloudCall): T | undefined {
  const index = list.findIndex((one) => one.call === call);
  return index < 0 ? undefined : list.splice(index, 1)[0];
}

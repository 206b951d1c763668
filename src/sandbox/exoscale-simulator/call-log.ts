/** The record of everything that was asked of the simulated API. */

export interface RecordedCall {
  atMs: number;
  method: string;
  /** With query. */
  path: string;
  /** Null for a request that is no operation. */
  operationId: string | null;
  /** Null when the connection was cut or left hanging. */
  status: number | null;
  signed: boolean;
}

export class CallLog {
  private readonly calls: RecordedCall[] = [];

  add(call: RecordedCall): void {
    this.calls.push(call);
  }

  list(): RecordedCall[] {
    return structuredClone(this.calls);
  }

  count(operationId: string): number {
    return this.calls.filter((one) => one.operationId === operationId).length;
  }
}

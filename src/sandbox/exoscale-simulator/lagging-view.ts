/** A value as it was some time ago: list-instances may show yesterday's news while get-instance is never late. */

export class LaggingView<Value> {
  private history: { atMs: number; value: Value }[] = [];

  /** @param keepMs how far back a reader may ask */
  constructor(private readonly keepMs: number) {}

  record(atMs: number, value: Value): void {
    this.history.push({ atMs, value: structuredClone(value) });
    // The newest entry older than the horizon is still the truth at the horizon.
    while (this.history[1] && this.history[1].atMs <= atMs - this.keepMs) this.history.shift();
  }

  /** The last value recorded at or before `atMs`; undefined when there was none yet. */
  at(atMs: number): Value | undefined {
    const found = this.history.findLast((one) => one.atMs <= atMs);
    return found && structuredClone(found.value);
  }
}

/**
 * Does one piece of work at a time, as often as there is a reason to: a signal that comes during the work causes one more
 * round after it, however many signals they were. Knows nothing of what the work is.
 */
export class Pump {
  private running: Promise<void> | null = null;
  private signalled = false;

  /** @param work must not reject: there is nobody to tell */
  constructor(private readonly work: () => Promise<void>) {}

  /** Returns at once. */
  signal(): void {
    this.signalled = true;
    this.running ??= this.run();
  }

  /** Resolves when no round is under way. */
  async idle(): Promise<void> {
    while (this.running) await this.running;
  }

  private async run(): Promise<void> {
    // In a later microtask: signal() returns before the work begins.
    await Promise.resolve();
    while (this.signalled) {
      this.signalled = false;
      await this.work();
    }
    this.running = null;
  }
}

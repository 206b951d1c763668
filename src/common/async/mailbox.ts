/**
 * A mailbox handles one message at a time, in the order of arrival: the single writer of architecture rule 4.
 * It knows nothing of what the messages mean.
 */
export class Mailbox<Message> {
  private readonly queue: Message[] = [];
  private draining: Promise<void> | null = null;
  private closed = false;

  /**
   * @param handle handles one message; the next one waits for its promise
   * @param onError called when `handle` throws: the mailbox goes on with the next message
   */
  constructor(
    private readonly handle: (message: Message) => Promise<void>,
    private readonly onError: (error: unknown, message: Message) => void,
  ) {}

  /** Adds a message; never throws and never waits. Messages posted after `close()` are dropped. */
  post(message: Message): void {
    if (this.closed) return;
    this.queue.push(message);
    this.draining ??= this.drain();
  }

  /** Resolves when every message posted so far, and those they caused, have been handled. */
  async idle(): Promise<void> {
    while (this.draining) await this.draining;
  }

  /** Takes no more messages, lets the one being handled finish and forgets the rest. */
  async close(): Promise<void> {
    this.closed = true;
    this.queue.length = 0;
    await this.idle();
  }

  private async drain(): Promise<void> {
    // Start in a later microtask: post() must return before the first message is handled.
    await Promise.resolve();
    let message: Message | undefined;
    while ((message = this.queue.shift()) !== undefined) {
      try {
        await this.handle(message);
      } catch (error) {
        this.onError(error, message);
      }
    }
    this.draining = null;
  }
}

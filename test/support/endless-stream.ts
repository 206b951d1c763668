/** A client's view of an answer that streams for as long as the test likes, and of how it ended where it did. */
import type { Readable } from 'node:stream';
import { expect } from '@jest/globals';
import { eventually } from './eventually.js';
import { MODEL } from './ollama-client.js';

/** For the behaviour of an Ollama: fifty tokens a second, without an end. */
export const ENDLESS = { tokens: 1_000_000, tokenMs: 20 };
/** What begins one. */
export const QUESTION = {
  method: 'POST',
  path: '/api/generate',
  body: JSON.stringify({ model: MODEL, prompt: 'why is the sky blue?' }),
} as const;

export class EndlessStream {
  /** Null while it runs. */
  end: string | null = null;
  private chunks = 0;

  constructor(private readonly answer: Readable) {
    answer.on('data', () => (this.chunks += 1));
    answer.on('end', () => (this.end ??= 'ended'));
    answer.on('error', (error: NodeJS.ErrnoException) => (this.end ??= `broke: ${error.code}`));
  }

  /** Resolves when it has gone on for a while; fails when it has not. */
  async goesOn(): Promise<void> {
    const before = this.chunks;
    await eventually('the stream goes on', () => this.chunks > before + 5 || this.end !== null);
    expect(this.end).toBeNull();
  }

  /** The client leaves. */
  leave(): void {
    this.end ??= 'left';
    this.answer.destroy();
  }
}

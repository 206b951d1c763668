/** Cuts a byte stream into its lines. A chunk may end anywhere, also in the middle of a character. */

/** A line longer than this is not Ollama's: the stream is given up instead of filling the memory. */
const MAX_LINE_CHARS = 1_048_576;

export class LineSplitter {
  private readonly decoder = new TextDecoder();
  private rest = '';

  /** The lines that are complete with this chunk, without their ends and without empty ones. */
  push(chunk: Uint8Array): string[] {
    return this.split(this.decoder.decode(chunk, { stream: true }));
  }

  /** What came after the last line end: Ollama may end a stream without one. */
  end(): string[] {
    return this.split(`${this.decoder.decode()}\n`);
  }

  private split(text: string): string[] {
    const lines = (this.rest + text).split('\n');
    this.rest = lines.pop() ?? '';
    if (this.rest.length > MAX_LINE_CHARS) throw new RangeError('a line of the stream does not end');
    return lines.map((line) => line.trim()).filter((line) => line !== '');
  }
}

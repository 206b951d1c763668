/**
 * HTTP calls to the Ollama on a machine: its own undici Agent, so that no proxy setting of the environment is ever
 * used. Knows bytes, time limits and broken connections; not what Ollama's answers mean.
 */
import { Agent, type Dispatcher, request } from 'undici';
import type { Clock } from '../../common/time/clock.js';
import { MachineError, type MachineUrl } from '../provisioning/ports/machine.port.js';
import { Watchdog } from './watchdog.js';

const CONNECT_TIMEOUT_MS = 5_000;
export const DEFAULT_MAX_BYTES = 4 * 1024 * 1024;

export interface Question {
  method: 'GET' | 'POST';
  path: string;
  body?: Readonly<Record<string, unknown>>;
}

export interface Limits {
  /** Longest wait for the whole answer; null waits as long as the caller does. */
  timeoutMs: number | null;
  /** A longer answer is cut off and its text is null. */
  maxBytes?: number;
  signal?: AbortSignal;
}

export interface Answer {
  status: number;
  text: string | null;
}

export class OllamaHttp {
  private readonly agent = new Agent({
    connect: { timeout: CONNECT_TIMEOUT_MS },
    // undici's own 300 s would end model loads; every call brings its limit instead.
    headersTimeout: 0,
    bodyTimeout: 0,
    // A connection per call: a probe over an old one would prove nothing, and a resumed machine has none of them.
    pipelining: 0,
    allowH2: false,
  });

  constructor(private readonly clock: Clock) {}

  /** One question and its whole answer. Rejects with MachineError `unreachable` when there is none. */
  async ask(url: MachineUrl, question: Question, limits: Limits): Promise<Answer> {
    const watchdog = new Watchdog(this.clock, limits.signal);
    const { timeoutMs, maxBytes = DEFAULT_MAX_BYTES } = limits;
    if (timeoutMs !== null) {
      watchdog.feed(timeoutMs, `${url}${question.path} did not answer within ${timeoutMs / 1000} s.`);
    }
    try {
      return await this.exchange(url, question, watchdog.signal, async ({ statusCode, body }) => {
        return { status: statusCode, text: await readText(body, maxBytes) };
      });
    } finally {
      watchdog.dispose();
    }
  }

  /**
   * Sends a question and lets `read` consume the answer. A connection that breaks at any moment, and an abort of
   * `signal`, reject with MachineError `unreachable`.
   */
  async exchange<T>(
    url: MachineUrl,
    question: Question,
    signal: AbortSignal,
    read: (response: Dispatcher.ResponseData) => Promise<T>,
  ): Promise<T> {
    try {
      const response = await request(`${url}${question.path}`, {
        dispatcher: this.agent,
        method: question.method,
        headers: question.body ? { 'content-type': 'application/json' } : {},
        body: question.body ? JSON.stringify(question.body) : null,
        signal,
      });
      return await read(response);
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      if (error instanceof MachineError) throw error;
      throw new MachineError(
        'unreachable',
        `${url}${question.path} gave no complete answer (${nameOf(error)}).`,
        error,
      );
    }
  }

  /** Breaks every call under way. */
  async destroy(): Promise<void> {
    await this.agent.destroy();
  }
}

/** The text of an answer, or null when it is longer than `maxBytes`. */
export async function readText(body: Dispatcher.ResponseData['body'], maxBytes: number): Promise<string | null> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    // Leaving the loop destroys the body and with it the connection.
    if (bytes > maxBytes) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function nameOf(error: unknown): string {
  const { code, name } = error as { code?: unknown; name?: unknown };
  return typeof code === 'string' ? code : typeof name === 'string' ? name : 'unknown';
}

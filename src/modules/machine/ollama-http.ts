/**
 * The gateway's own HTTP calls to a machine: agents of their own, so that no proxy setting of the environment is ever
 * used. Knows bytes, time limits and broken connections; not what the answers mean.
 */
import { type Dispatcher, request } from 'undici';
import type { Clock } from '../../common/time/clock.js';
import { LinkAgents } from '../link/link-agents.js';
import { isLinkRefusal } from '../link/link-refusal.js';
import type { MachineLink } from '../link/machine-link.js';
import { MachineError, type MachineTarget } from '../provisioning/ports/machine.port.js';
import { Watchdog } from './watchdog.js';

export const DEFAULT_MAX_BYTES = 4 * 1024 * 1024;

export interface Question {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  path: string;
  /** An object is sent as JSON, a text as it is. */
  body?: Readonly<Record<string, unknown>> | string;
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
  headers: Dispatcher.ResponseData['headers'];
  text: string | null;
}

/** Tells our own requests from users': they do not count as use of the machine (its dead-man timer). */
const OWN = { 'x-gw-own': '1' };

export class OllamaHttp {
  private readonly agents: LinkAgents;

  constructor(
    private readonly link: MachineLink,
    private readonly clock: Clock,
  ) {
    this.agents = new LinkAgents(link, {
      // undici's own 300 s would end model loads; every call brings its limit instead.
      headersTimeout: 0,
      bodyTimeout: 0,
      // A connection per call: a probe over an old one would prove nothing, and a resumed machine has none of them.
      pipelining: 0,
    });
  }

  /** One question and its whole answer. Rejects with MachineError `unreachable` when there is none. */
  async ask(target: MachineTarget, question: Question, limits: Limits): Promise<Answer> {
    const watchdog = new Watchdog(this.clock, limits.signal);
    const { timeoutMs, maxBytes = DEFAULT_MAX_BYTES } = limits;
    if (timeoutMs !== null) {
      watchdog.feed(timeoutMs, `${target.url}${question.path} did not answer within ${timeoutMs / 1000} s.`);
    }
    try {
      return await this.exchange(target, question, watchdog.signal, async ({ statusCode, headers, body }) => {
        return { status: statusCode, headers, text: await readText(body, maxBytes) };
      });
    } finally {
      watchdog.dispose();
    }
  }

  /**
   * Sends a question and lets `read` consume the answer. A connection that breaks at any moment, and an abort of
   * `signal`, reject with MachineError `unreachable`; one that fails for its keys with `refused`.
   */
  async exchange<T>(
    target: MachineTarget,
    question: Question,
    signal: AbortSignal,
    read: (response: Dispatcher.ResponseData) => Promise<T>,
  ): Promise<T> {
    try {
      const { body, method, path } = question;
      const json = typeof body === 'object';
      const response = await request(`${target.url}${path}`, {
        dispatcher: this.agents.of(target),
        method,
        headers: {
          ...OWN,
          ...(this.link.host !== null && { host: this.link.host }),
          ...(json && { 'content-type': 'application/json' }),
        },
        body: json ? JSON.stringify(body) : (body ?? null),
        signal,
      });
      return await read(response);
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      if (error instanceof MachineError) throw error;
      const why = isLinkRefusal(error) ? 'refused' : 'unreachable';
      throw new MachineError(why, `${target.url}${question.path} gave no complete answer (${nameOf(error)}).`, error);
    }
  }

  /** Breaks every call under way. */
  async destroy(): Promise<void> {
    await this.agents.destroy();
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

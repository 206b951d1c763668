/** What all questions of the probe share: the account, the clock, the notes, and the wish to leave. */
import type { HttpService } from '@nestjs/axios';
import type { Clock } from '../../../common/time/clock.js';
import { CloudError } from '../../provisioning/ports/cloud.port.js';
import { ApiTransport } from '../api/api-transport.js';
import type { ApiInstance, ApiOperation } from '../api/api-types.js';
import { ExoscaleClient } from '../api/exoscale-client.js';
import { pollOperation } from '../api/poll-operation.js';
import type { ExoscaleSettings } from '../exoscale-settings.js';
import type { Answer } from './answers.js';

type ProbeSettings = Pick<ExoscaleSettings, 'credentials' | 'zone' | 'baseUrl' | 'referenceUrl' | 'template'>;

export interface SessionParts {
  http: HttpService;
  clock: Clock;
  settings: ProbeSettings;
  /** Marks everything this run makes. */
  runId: string;
  /** Aborted when the person wants to leave. */
  signal: AbortSignal;
  /** Tells the person what is going on. */
  say: (line: string) => void;
}

const OPERATION_TIMEOUT_MS = 600_000;

export class ProbeSession {
  readonly answers: Answer[] = [];
  readonly transport: ApiTransport;
  readonly client: ExoscaleClient;

  constructor(readonly parts: SessionParts) {
    this.transport = this.transportWith();
    const retries = { clock: parts.clock, random: Math.random, timeScale: 1 };
    this.client = new ExoscaleClient(this.transport, retries, parts.settings.referenceUrl);
  }

  /** A transport whose signatures expire at that time. */
  transportWith(expiresSec?: () => number): ApiTransport {
    const { http, clock, settings } = this.parts;
    return new ApiTransport(http, clock, { ...settings, ...(expiresSec ? { expiresSec } : {}) });
  }

  note(source: string, question: string, answer: string): void {
    this.answers.push({ source, question, answer });
    this.parts.say(`  ${question}: ${answer}`);
  }

  /** What a call is answered with, for calls whose refusal is the answer. */
  async outcome(call: () => Promise<unknown>): Promise<string> {
    this.parts.signal.throwIfAborted();
    try {
      await call();
      return 'accepted';
    } catch (error) {
      if (error instanceof CloudError) return error.message;
      throw error;
    }
  }

  /** Runs a changing call to the end of its job; resolves with the seconds that took. */
  async carryOut(call: () => Promise<ApiOperation>): Promise<number> {
    this.parts.signal.throwIfAborted();
    const beginMs = this.parts.clock.monotonicMs();
    const { clock } = this.parts;
    const read = (id: string) => this.client.getOperation(id);
    await pollOperation(await call(), { clock, read, timeoutMs: OPERATION_TIMEOUT_MS, timeScale: 1 });
    return Math.round((clock.monotonicMs() - beginMs) / 100) / 10;
  }

  /** Reads the instance every second until `found` holds; resolves with the ms that took, null when it never did. */
  async watch(id: string, found: (instance: ApiInstance | null) => boolean, timeoutMs: number): Promise<number | null> {
    const beginMs = this.parts.clock.monotonicMs();
    for (;;) {
      if (found(await this.client.getInstance(id))) return this.parts.clock.monotonicMs() - beginMs;
      if (this.parts.clock.monotonicMs() - beginMs >= timeoutMs) return null;
      await this.pause(1000);
    }
  }

  /** @throws the abort reason as soon as the person wants to leave */
  async pause(delayMs: number): Promise<void> {
    this.parts.signal.throwIfAborted();
    await this.parts.clock.sleep(delayMs, this.parts.signal);
  }
}

/**
 * One attempt of one call to the Exoscale API: serializes the body once, signs exactly those bytes, sends, and turns
 * everything that is not a success into a CloudError. Knows nothing of retries or of what the calls mean.
 */
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { HttpService } from '@nestjs/axios';
import type { AxiosRequestConfig, AxiosResponse } from 'axios';
import { firstValueFrom } from 'rxjs';
import { isLoopback } from '../../../common/net/loopback.js';
import type { CloudCallTally } from '../../../common/metrics/cloud-call-tally.js';
import type { Clock } from '../../../common/time/clock.js';
import { CloudError } from '../../provisioning/ports/cloud.port.js';
import { type ApiCredentials, authorizationOf } from './exo2-signature.js';
import { type CallKind, errorFromAnswer, errorFromNetwork } from './exoscale-errors.js';

export interface ApiCall {
  /** operationId of the API: for messages. */
  operation: string;
  kind: CallKind;
  method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Below the base URL, ids already encoded, such as `/instance/<id>:start`. */
  path: string;
  query?: Record<string, string>;
  body?: object;
  /** False for what the API tells everybody: a signed call is judged by the policy of the key (egoscale#767). */
  signed: boolean;
  /** Another zone's base URL. */
  baseUrl?: string;
}

export interface TransportOptions {
  /** Such as `https://api-at-vie-2.exoscale.com/v2`. */
  baseUrl: string;
  credentials: ApiCredentials;
  /** Where each call is counted. */
  tally?: CloudCallTally;
  /** Expiry of a signature made now, in Unix seconds; by default in ten minutes, as all official clients have it. */
  expiresSec?: () => number;
}

/** The longest one attempt may take; not scaled, it bounds a real socket. A change that is cut off may have happened. */
const READ_TIMEOUT_MS = 10_000;
const CHANGE_TIMEOUT_MS = 30_000;
const EXPIRY_SEC = 600;
const MAX_ANSWER_BYTES = 16 * 1024 * 1024;

/** A changing call never rides on a kept connection: the server may just be closing it, and the loss would be ambiguous. */
const FRESH_CONNECTION = {
  httpAgent: new HttpAgent({ keepAlive: false }),
  httpsAgent: new HttpsAgent({ keepAlive: false }),
};

export class ApiTransport {
  /** How far the API's clock is ahead of ours, in ms, from its last answer; null before the first one. */
  clockOffsetMs: number | null = null;

  constructor(
    private readonly http: HttpService,
    private readonly clock: Clock,
    private readonly options: TransportOptions,
  ) {}

  /**
   * Sends the call and resolves with the JSON object of a 2xx answer.
   * @throws CloudError in every other case
   */
  async send(call: ApiCall): Promise<Record<string, unknown>> {
    const deadline = new AbortController();
    const timeoutMs = call.kind === 'read' ? READ_TIMEOUT_MS : CHANGE_TIMEOUT_MS;
    const timer = this.clock.after(timeoutMs, () => deadline.abort());
    const sentMs = this.clock.nowMs();
    try {
      const answer = await firstValueFrom(
        this.http.request<string>({ ...this.requestOf(call), signal: deadline.signal }),
      );
      this.options.tally?.ended(call.operation, answer.status);
      this.noteDate(answer, sentMs);
      return readAnswer(call, answer);
    } catch (error) {
      if (error instanceof CloudError) throw error;
      const tooLate = deadline.signal.aborted;
      this.options.tally?.ended(call.operation, tooLate ? 'timeout' : 'network');
      throw errorFromNetwork(call.operation, call.kind, tooLate ? 'ETIMEDOUT' : codeOf(error));
    } finally {
      timer.cancel();
    }
  }

  private requestOf(call: ApiCall): AxiosRequestConfig<Buffer> {
    const url = new URL(`${call.baseUrl ?? this.options.baseUrl}${call.path}`);
    const query = call.query ?? {};
    url.search = new URLSearchParams(query).toString();
    const body = call.body === undefined ? '' : JSON.stringify(call.body);
    const headers: Record<string, string | false> = {
      Accept: 'application/json',
      'User-Agent': 'ollama-exoscale',
      // False keeps axios from claiming a form where there is no body.
      'Content-Type': call.body === undefined ? false : 'application/json',
    };
    if (call.signed) {
      const expiresSec = this.options.expiresSec?.() ?? Math.floor(this.clock.nowMs() / 1000) + EXPIRY_SEC;
      const signable = { method: call.method, path: url.pathname, query, body, expiresSec };
      headers.Authorization = authorizationOf(signable, this.options.credentials);
    }
    return {
      method: call.method,
      url: url.href,
      headers,
      ...(call.body === undefined ? {} : { data: Buffer.from(body, 'utf8') }),
      ...(call.kind === 'read' ? {} : FRESH_CONNECTION),
      // HTTP(S)_PROXY and NO_PROXY are axios' business, except that nothing on this host is ever behind a proxy.
      ...(isLoopback(url.hostname) ? { proxy: false as const } : {}),
      responseType: 'text',
      // The signed bytes are sent as they are, and every answer is read here.
      transformRequest: (data: unknown) => data,
      transformResponse: (data: unknown) => data,
      validateStatus: () => true,
      maxRedirects: 0,
      maxContentLength: MAX_ANSWER_BYTES,
    };
  }

  private noteDate(answer: AxiosResponse, sentMs: number): void {
    const dateMs = Date.parse(String(answer.headers.date));
    if (Number.isNaN(dateMs)) return;
    // The header is cut to whole seconds: on average half a second is missing.
    this.clockOffsetMs = Math.round(dateMs + 500 - (sentMs + this.clock.nowMs()) / 2);
  }
}

function readAnswer(call: ApiCall, answer: AxiosResponse<string>): Record<string, unknown> {
  const { status, data: body } = answer;
  if (status < 200 || status > 299) {
    const retryAfterMs = retryAfterOf(answer);
    const wait = retryAfterMs === null ? {} : { retryAfterMs };
    throw errorFromAnswer({ operation: call.operation, call: call.kind, status, body, ...wait });
  }
  try {
    const value: unknown = JSON.parse(body);
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch {
    // Said below: whoever answered, it was not the API.
  }
  throw new CloudError('transient', `Exoscale answered ${status} to ${call.operation} without JSON`, {
    ...(call.kind === 'read' ? {} : { ambiguous: true }),
  });
}

/** `Retry-After` as seconds or as an HTTP date, in ms. */
function retryAfterOf(answer: AxiosResponse): number | null {
  const value = String(answer.headers['retry-after'] ?? '');
  if (/^\d+$/.test(value)) return Number(value) * 1000;
  const untilMs = Date.parse(value) - Date.parse(String(answer.headers.date));
  return Number.isNaN(untilMs) ? null : Math.max(0, untilMs);
}

/** Never the error itself: axios puts the whole request with its signature into it. */
function codeOf(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : 'no connection';
}

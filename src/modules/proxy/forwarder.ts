/**
 * The data plane's way to the machine: raw streams both ways over undici, no time-out between request and first byte
 * nor between chunks (generations may be silent for many minutes), no parsing of anything.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import type { Logger } from '../../common/logging/logger.js';
import { LinkAgents } from '../link/link-agents.js';
import type { MachineLink } from '../link/machine-link.js';
import { type ProvisioningGate, type TrafficLease } from '../provisioning/provisioning.gate.js';
import { writeError } from './answers.js';
import { Exchange, type ExchangeObserver } from './exchange.js';
import { GatewayError } from './gateway-error.js';
import { outboundHeaders } from './headers.js';
import type { RequestMeter } from './request-meter.js';

/** Idle connections to the machine; shorter than what any front of Ollama grants. */
const IDLE_CONNECTION_MS = 30_000;

export class Forwarder implements ExchangeObserver {
  closing = false;
  private readonly agents: LinkAgents;

  constructor(
    private readonly gate: ProvisioningGate,
    private readonly link: MachineLink,
    private readonly log: Logger,
    private readonly meter: RequestMeter,
  ) {
    this.agents = new LinkAgents(link, {
      pipelining: 1,
      keepAliveTimeout: IDLE_CONNECTION_MS,
      headersTimeout: 0,
      bodyTimeout: 0,
    });
  }

  /**
   * Forwards the request as it came and owns the lease from here on.
   * @param readSoFar what has been read of the body already, if anything
   */
  forward(
    request: IncomingMessage,
    response: ServerResponse,
    lease: TrafficLease,
    readSoFar: readonly Buffer[] = [],
  ): void {
    const exchange = new Exchange(request, response, lease, this);
    const { headers, hasBody, expectsContinue } = outboundHeaders(request.rawHeaders);
    if (this.link.host !== null) headers.push('host', this.link.host);
    if (expectsContinue) response.writeContinue();
    try {
      this.agents.of(lease.target).dispatch(
        {
          origin: lease.target.url,
          path: targetOf(request),
          method: request.method as 'GET',
          headers,
          body: hasBody ? bodyOf(request, readSoFar) : null,
        },
        exchange,
      );
    } catch (error) {
      // undici refuses what is no valid HTTP/1.1 (control characters in a header or target).
      writeError(request, response, new GatewayError('bad_request', undefined, null, error));
    }
  }

  answering(request: IncomingMessage): void {
    this.meter.answering(request);
  }

  unanswered(request: IncomingMessage, response: ServerResponse, error: Error): void {
    if (isClientFault(error))
      return writeError(request, response, new GatewayError('bad_request', undefined, null, error));
    this.meter.failed('unanswered');
    this.log.warn({ err: error, method: request.method }, 'the machine did not answer a forwarded request');
    this.gate.suspect();
    writeError(request, response, new GatewayError('upstream_unreachable', undefined, null, error));
  }

  broken(request: IncomingMessage, error: Error): void {
    this.meter.failed('broken');
    this.log.warn({ err: error, method: request.method }, 'the machine broke off in the middle of an answer');
    this.gate.suspect();
  }

  /** Closes idle connections and ends those in use. */
  async close(): Promise<void> {
    await this.agents.destroy();
  }
}

/** The raw target; of an absolute one (a client that takes us for a proxy) what comes after the authority. */
function targetOf(request: IncomingMessage): string {
  const target = request.url ?? '/';
  return target.startsWith('/') ? target : target.replace(/^https?:\/\/[^/?]*/i, '') || '/';
}

function bodyOf(request: IncomingMessage, readSoFar: readonly Buffer[]): Readable {
  if (readSoFar.length === 0) return request;
  return Readable.from(rejoined(request, readSoFar), { objectMode: false });
}

async function* rejoined(request: IncomingMessage, readSoFar: readonly Buffer[]): AsyncGenerator<Buffer> {
  yield* readSoFar;
  if (!request.readableEnded) yield* request as AsyncIterable<Buffer>;
}

function isClientFault(error: Error): boolean {
  const code = (error as NodeJS.ErrnoException).code;
  return (
    code === 'UND_ERR_INVALID_ARG' || code === 'UND_ERR_REQ_CONTENT_LENGTH_MISMATCH' || code === 'UND_ERR_NOT_SUPPORTED'
  );
}

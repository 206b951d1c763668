/**
 * One forwarded request: the machine's answer goes to the client chunk by chunk, with backpressure, and whoever leaves
 * first ends the other side. The traffic lease is released when the response closes, whatever happened.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Dispatcher } from 'undici';
import type { TrafficLease } from '../provisioning/provisioning.gate.js';
import { inboundHeaders } from './headers.js';
import { requestIdOf } from './request-id.js';

/** What an exchange tells about its course. */
export interface ExchangeObserver {
  /** The head of the machine's answer goes to the client. */
  answering(request: IncomingMessage): void;
  /** The machine failed before the first byte: the client has no answer yet. */
  unanswered(request: IncomingMessage, response: ServerResponse, error: Error): void;
  /** The machine failed in the middle of its answer; the client's connection has been cut. */
  broken(request: IncomingMessage, error: Error): void;
  /** Whether the connection is to be closed after this answer (the process is leaving). */
  readonly closing: boolean;
}

export class Exchange implements Dispatcher.DispatchHandler {
  private controller: Dispatcher.DispatchController | null = null;
  private clientGone = false;
  private wroteChunk = false;

  constructor(
    private readonly request: IncomingMessage,
    private readonly response: ServerResponse,
    lease: TrafficLease,
    private readonly observer: ExchangeObserver,
  ) {
    // A response closes once; `once` would only wrap the listener, on every request.
    response.on('close', () => {
      lease.release();
      if (response.writableFinished) return;
      this.clientGone = true;
      this.controller?.abort(CLIENT_LEFT);
    });
    response.on('drain', () => this.controller?.resume());
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller;
    if (this.clientGone) controller.abort(CLIENT_LEFT);
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    statusCode: number,
    _headers: unknown,
    statusMessage?: string,
  ): void {
    // Informational answers are between the machine and us.
    if (statusCode < 200) return;
    if (statusCode >= 502 && statusCode <= 504 && isFrontsWord(controller.rawHeaders as unknown as Buffer[])) {
      return controller.abort(NO_OLLAMA);
    }
    this.observer.answering(this.request);
    const headers = inboundHeaders(controller.rawHeaders as unknown as Buffer[], requestIdOf(this.request));
    if (this.observer.closing) headers.push('Connection', 'close');
    this.response.writeHead(statusCode, statusMessage, headers);
    // Ollama sends head and first chunk together; a head that comes alone must not wait for a chunk.
    process.nextTick(flushLoneHead, this);
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.wroteChunk = true;
    if (!this.response.write(chunk)) controller.pause();
  }

  onResponseEnd(): void {
    this.response.end();
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    // A client that breaks off its upload is seen by the request before the response closes.
    const uploadBroken = this.request.destroyed && !this.request.complete;
    if (this.clientGone || uploadBroken) return;
    if (!this.response.headersSent) return this.observer.unanswered(this.request, this.response, error);
    this.response.destroy();
    this.observer.broken(this.request, error);
  }

  /** Sends a head that came without a chunk. */
  flushHead(): void {
    if (!this.wroteChunk && !this.response.writableEnded && !this.response.destroyed) this.response.flushHeaders();
  }
}

const CLIENT_LEFT = new Error('the client has left');
const NO_OLLAMA = new Error('the front of the machine answered in place of Ollama');

function flushLoneHead(exchange: Exchange): void {
  exchange.flushHead();
}

/** The machine's front marks what it says itself; an error of Ollama's own passes untouched. */
function isFrontsWord(raw: readonly Buffer[]): boolean {
  return raw.some((name, i) => i % 2 === 0 && /^x-gw-(unreachable|draining)$/i.test(name.toString('latin1')));
}

/**
 * Decides before the framework (ADR 0003): ready and allowed → forwarded raw, everything else → Nest, where the
 * interceptor acts. So what Fastify refuses on its own (`%zz`, odd methods, odd media types) still reaches Ollama, and
 * the hot path is one lease and one dispatch.
 */
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { Forwarder } from './forwarder.js';
import type { ProvisioningGate } from '../provisioning/provisioning.gate.js';
import type { RequestLog } from './request-log.js';
import { isOwn, isWork, pathOf } from './routes.js';

const HEADERS_TIMEOUT_MS = 60_000;
/** Longer than the usual 60 s of a load balancer, so that it is never we who close a connection in use. */
const KEEP_ALIVE_MS = 72_000;

/** Fast path of the data plane; until it is attached everything goes to the framework. */
export interface DataPlane {
  gate: ProvisioningGate;
  forwarder: Forwarder;
  requestLog: RequestLog;
}

export class FrontDoor {
  private dataPlane: DataPlane | null = null;

  attach(dataPlane: DataPlane): void {
    this.dataPlane = dataPlane;
  }

  /** The server that the framework listens with. */
  createServer(framework: RequestListener): Server {
    const take = (request: IncomingMessage, response: ServerResponse) => this.take(request, response, framework);
    // No limit on the time of a whole request: blob uploads take as long as they take.
    const server = createServer(
      { requestTimeout: 0, headersTimeout: HEADERS_TIMEOUT_MS, keepAliveTimeout: KEEP_ALIVE_MS },
      take,
    );
    // A listener of our own, so that `100 Continue` is not sent before we know that the body is wanted.
    server.on('checkContinue', take);
    return server;
  }

  private take(request: IncomingMessage, response: ServerResponse, framework: RequestListener): void {
    const { dataPlane } = this;
    if (!dataPlane) return framework(request, response);
    dataPlane.requestLog.follow(request, response);
    const method = request.method ?? 'GET';
    const path = pathOf(request.url ?? '/');
    if (isOwn(method, path)) return framework(request, response);
    const lease = dataPlane.gate.tryAcquire(isWork(method, path));
    if (lease) return dataPlane.forwarder.forward(request, response, lease);
    // Only Ollama judges media types; Fastify must not.
    delete request.headers['content-type'];
    framework(request, response);
  }
}

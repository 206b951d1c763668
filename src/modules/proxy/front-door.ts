/**
 * Decides before the framework (ADR 0003), in this order: id and log → what nobody or not everybody may do → forwarded raw
 * when the machine is ready, else Nest, where the interceptor acts. So what Fastify refuses on its own (`%zz`, odd methods,
 * odd media types) still reaches Ollama, and the hot path is one lease and one dispatch.
 */
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { isPreflight, type AccessRules, type Caller } from '../access/access-rules.js';
import type { ProvisioningGate } from '../provisioning/provisioning.gate.js';
import { writeError, writePreflight } from './answers.js';
import type { BrokenRequests } from './broken-requests.js';
import { rememberCaller } from './caller.js';
import type { Forwarder } from './forwarder.js';
import { GatewayError } from './gateway-error.js';
import { HTTP_LIMITS } from './http-limits.js';
import { identify, requestIdOf } from './request-id.js';
import type { RequestLog } from './request-log.js';
import type { RequestMeter } from './request-meter.js';
import { isOwn, isWork, pathOf } from './routes.js';
import type { StalledUploads } from './stalled-uploads.js';

/** Everything behind the door; until it is attached requests go to the framework. */
export interface DataPlane {
  access: AccessRules;
  gate: ProvisioningGate;
  forwarder: Forwarder;
  requestLog: RequestLog;
  meter: RequestMeter;
  uploads: StalledUploads;
  broken: BrokenRequests;
}

export class FrontDoor {
  private dataPlane: DataPlane | null = null;

  attach(dataPlane: DataPlane): void {
    this.dataPlane = dataPlane;
  }

  /** The server that the framework listens with. */
  createServer(framework: RequestListener): Server {
    const take = (request: IncomingMessage, response: ServerResponse) => this.take(request, response, framework);
    const server = createServer(HTTP_LIMITS, take);
    // A listener of our own, so that `100 Continue` is not sent before we know that the body is wanted.
    server.on('checkContinue', take).on('checkExpectation', take);
    server.on('connect', (_request, socket) => {
      this.dataPlane?.broken.refuse(GatewayError.badRequest('this is no proxy for CONNECT'), socket as Socket);
    });
    return server;
  }

  /** What came was no request. */
  refuse(fault: Error, socket: Socket): void {
    if (this.dataPlane) this.dataPlane.broken.onClientError(fault, socket);
    else socket.destroy();
  }

  private take(request: IncomingMessage, response: ServerResponse, framework: RequestListener): void {
    const { dataPlane } = this;
    if (!dataPlane) return framework(request, response);
    identify(request);
    const caller = dataPlane.requestLog.follow(request, response);
    dataPlane.meter.follow(request, response);
    dataPlane.uploads.follow(request, response);

    const refusal = refusalOf(request, caller, dataPlane.access);
    if (refusal) return writeError(request, response, refusal);
    // Without a key nothing reaches the machine, and a preflight has none.
    if (dataPlane.access.needKey && isPreflight(request)) return writePreflight(request, response);

    const method = request.method ?? 'GET';
    const path = pathOf(request.url ?? '/');
    const lease = isOwn(method, path) ? null : dataPlane.gate.tryAcquire(isWork(method, path));
    if (lease) return dataPlane.forwarder.forward(request, response, lease);
    rememberCaller(request, caller.key);
    // For what the framework answers by itself.
    response.setHeader('X-Request-Id', requestIdOf(request));
    // Only Ollama judges media types; Fastify must not.
    delete request.headers['content-type'];
    framework(request, response);
  }
}

function refusalOf(request: IncomingMessage, caller: Caller, access: AccessRules): GatewayError | null {
  const fault = faultOf(request);
  if (fault !== null) return GatewayError.badRequest(fault);
  const code = access.refusalOf(request, caller);
  return code === null ? null : new GatewayError(code);
}

/** What HTTP/1.1 demands of a head (RFC 9110 §7.2, §10.1.1) and we have told Node not to answer by itself. */
function faultOf({ headers, httpVersion }: IncomingMessage): string | null {
  if (headers.host === undefined && httpVersion === '1.1') return 'the Host header is missing';
  const known = headers.expect === undefined || /^100-continue$/i.test(headers.expect);
  return known ? null : 'only 100-continue can be expected';
}

/**
 * An Exoscale API v2 over real HTTP: the gateway's client, signer and poller run against it unchanged. This file is the
 * transport: it reads a request, checks its signature, lets a fault happen and writes the answer.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { SystemClock } from '../../common/time/clock.js';
import { closeNow, listen } from '../http-server.js';
import { ApiError } from './api-error.js';
import { CallLog } from './call-log.js';
import { callControl, CONTROL_PREFIX } from './control-endpoint.js';
import { Faults, type Fault } from './faults.js';
import type { MachineHost, SimulatorOptions } from './options.js';
import { Organization } from './organization.js';
import { readBody, readJsonBody } from './request-body.js';
import { matchRoute } from './routes.js';
import { verifySignature } from './signature.js';
import { SimulatorControl } from './simulator-control.js';

const PREFIX = '/v2';

export class ExoscaleSimulator {
  /** Listens and resolves; rejects with Node's error when the port is taken. */
  static async start(options: SimulatorOptions): Promise<ExoscaleSimulator> {
    const simulator = new ExoscaleSimulator(options);
    const host = options.host ?? '127.0.0.1';
    const port = await listen(simulator.server, host, options.port ?? 0);
    simulator.organization.endpoint = `http://${host}:${port}${PREFIX}`;
    return simulator;
  }

  readonly control: SimulatorControl;
  private readonly organization: Organization;
  private readonly faults = new Faults();
  private readonly log = new CallLog();
  private readonly server: Server;
  private readonly nowMs: () => number;

  private constructor(private readonly options: SimulatorOptions) {
    const clock = options.clock ?? new SystemClock();
    this.nowMs = options.nowMs ?? (() => clock.nowMs());
    this.organization = new Organization({
      clock,
      machines: options.machines ?? new NoMachines(),
      zone: options.zone ?? 'at-vie-2',
      operationMs: options.operationMs ?? 1000,
      listLagMs: options.listLagMs ?? 0,
    });
    this.control = new SimulatorControl(this.organization, this.faults, this.log, clock);
    this.server = createServer((request, response) => void this.serve(request, response));
  }

  /** What EXOSCALE_API_ENDPOINT gets. */
  get url(): string {
    return this.organization.endpoint;
  }

  /** Cuts every connection, hanging ones included. */
  close(): Promise<void> {
    return closeNow(this.server);
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const target = request.url ?? '/';
    const cut = target.indexOf('?');
    const path = cut < 0 ? target : target.slice(0, cut);
    const query = cut < 0 ? '' : target.slice(cut + 1);
    try {
      const body = await readBody(request);
      if (path.startsWith(CONTROL_PREFIX)) {
        send(response, 200, await callControl(this.control, path.slice(CONTROL_PREFIX.length), body));
      } else {
        this.serveApi(request, response, { path, query, body });
      }
    } catch (error) {
      if (error instanceof ApiError) return send(response, error.status, error.body);
      send(response, 500, { message: error instanceof Error ? error.message : String(error) });
    }
  }

  private serveApi(
    request: IncomingMessage,
    response: ServerResponse,
    { path, query, body }: { path: string; query: string; body: Buffer },
  ): void {
    const method = request.method ?? 'GET';
    const match = path.startsWith(`${PREFIX}/`) ? matchRoute(method, path.slice(PREFIX.length)) : null;
    const call = { method, path, query, body, authorization: request.headers.authorization };
    const verdict = verifySignature(call, this.options, this.nowMs());
    const operationId = match?.route.operationId ?? null;
    const record = (status: number | null): void =>
      this.log.add({
        atMs: this.nowMs(),
        method,
        path: request.url ?? '/',
        operationId,
        status,
        signed: verdict === 'valid',
      });
    const answer = (status: number, content: unknown, headers?: Record<string, string>): void => {
      record(status);
      send(response, status, content, headers);
    };
    const execute = (fault: Fault | null): { status: number; content: unknown } => {
      try {
        if (!match) throw ApiError.notFound();
        const content = this.organization.answer({
          operationId: match.route.operationId,
          params: match.params,
          query: new URLSearchParams(query),
          body: readJsonBody(request, body, match.route.operationId),
          signed: verdict === 'valid',
          scripted: (fault?.kind === 'operation' && fault.result) || null,
        });
        return { status: 200, content };
      } catch (error) {
        if (error instanceof ApiError) return { status: error.status, content: error.body };
        throw error;
      }
    };

    if (verdict === 'expired') return answer(403, { message: 'Request signature has expired' });
    if (verdict === 'invalid') return answer(403, { message: 'Invalid request signature' });
    if (verdict === 'unsigned' && !match?.route.open) return answer(403, { message: 'Missing request signature' });

    const fault = operationId === null ? null : this.faults.take(operationId);
    switch (fault?.kind) {
      case 'status':
        return answer(fault.status ?? 500, fault.body ?? { message: 'Simulated fault' }, fault.headers);
      case 'reset-before':
        record(null);
        return void request.socket.destroy();
      case 'hang':
        return record(null);
      case 'reset-after':
        execute(fault);
        record(null);
        return void request.socket.destroy();
      case 'hang-after':
        execute(fault);
        return record(null);
      case 'operation':
      case undefined: {
        const { status, content } = execute(fault);
        return answer(status, content);
      }
    }
  }
}

function send(response: ServerResponse, status: number, content: unknown, headers: Record<string, string> = {}): void {
  const text = typeof content === 'string' ? content : JSON.stringify(content);
  response.writeHead(status, {
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(text),
    ...headers,
  });
  response.end(text);
}

/** Stands in when nobody wants machines: every instance gets an address of the documentation range (RFC 5737). */
class NoMachines implements MachineHost {
  private started = 0;

  start(): Promise<string> {
    this.started += 1;
    return Promise.resolve(`203.0.113.${1 + (this.started % 254)}`);
  }

  stop(): Promise<void> {
    return Promise.resolve();
  }
}

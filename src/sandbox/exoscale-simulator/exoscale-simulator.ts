/**
 * An Exoscale API v2 over real HTTP: the gateway's client, signer and poller run against it unchanged. This file is the
 * transport; what the API does is decided in `api-endpoint.ts`.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { SystemClock } from '../../common/time/clock.js';
import { closeNow, listen } from '../http-server.js';
import { API_PREFIX, ApiEndpoint, type Answer } from './api-endpoint.js';
import { ApiError } from './api-error.js';
import { CallLog } from './call-log.js';
import { callControl, CONTROL_PREFIX } from './control-endpoint.js';
import { Faults } from './faults.js';
import { IamRole } from './iam-policy.js';
import { NoMachines, type SimulatorOptions } from './options.js';
import { Organization } from './organization.js';
import { readBody } from './request-body.js';
import { SimulatorControl } from './simulator-control.js';

export class ExoscaleSimulator {
  /** Listens and resolves; rejects with Node's error when the port is taken. */
  static async start(options: SimulatorOptions): Promise<ExoscaleSimulator> {
    const simulator = new ExoscaleSimulator(options);
    const host = options.host ?? '127.0.0.1';
    const port = await listen(simulator.server, host, options.port ?? 0);
    simulator.organization.endpoint = `http://${host}:${port}${API_PREFIX}`;
    return simulator;
  }

  readonly control: SimulatorControl;
  private readonly organization: Organization;
  private readonly api: ApiEndpoint;
  private readonly server: Server;
  private readonly nowMs: () => number;

  private constructor(options: SimulatorOptions) {
    const clock = options.clock ?? new SystemClock();
    this.nowMs = options.nowMs ?? (() => clock.nowMs());
    const faults = new Faults();
    const log = new CallLog();
    this.organization = new Organization({
      clock,
      machines: options.machines ?? new NoMachines(),
      zone: options.zone ?? 'at-vie-2',
      operationMs: options.operationMs ?? 1000,
      listLagMs: options.listLagMs ?? 0,
      sshKeys: options.sshKeys ?? [],
    });
    this.control = new SimulatorControl(this.organization, faults, log, clock);
    this.api = new ApiEndpoint({
      organization: this.organization,
      faults,
      log,
      credentials: options,
      role: options.policy ? new IamRole(options.policy) : null,
      nowMs: this.nowMs,
    });
    this.server = createServer((request, response) => void this.serve(request, response));
  }

  /** What EXOSCALE_API_ENDPOINT gets. */
  get url(): string {
    return this.organization.endpoint;
  }

  /** Cuts every connection, silent ones included. */
  close(): Promise<void> {
    return closeNow(this.server);
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [path, query] = splitTarget(request.url ?? '/');
    // Clients measure their clock's offset by this header: it must tell the time that signatures expire by.
    response.setHeader('Date', new Date(this.nowMs()).toUTCString());
    try {
      const body = await readBody(request);
      if (path.startsWith(CONTROL_PREFIX)) {
        const content = await callControl(this.control, path.slice(CONTROL_PREFIX.length), body);
        return send(response, { status: 200, content });
      }
      const { authorization, 'content-type': contentType = '' } = request.headers;
      const call = { method: request.method ?? 'GET', path, query, body, authorization };
      const outcome = this.api.handle(call, contentType);
      if (outcome === 'cut') request.socket.destroy();
      else if (outcome !== 'silence') send(response, outcome);
    } catch (error) {
      if (error instanceof ApiError) return send(response, { status: error.status, content: error.body });
      send(response, { status: 500, content: { message: String(error) } });
    }
  }
}

function splitTarget(target: string): [path: string, query: string] {
  const cut = target.indexOf('?');
  return cut < 0 ? [target, ''] : [target.slice(0, cut), target.slice(cut + 1)];
}

function send(response: ServerResponse, { status, content, headers }: Answer): void {
  const text = typeof content === 'string' ? content : JSON.stringify(content);
  const length = Buffer.byteLength(text);
  response.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': length, ...headers }).end(text);
}

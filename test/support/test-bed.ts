/**
 * One gateway process with its world: a simulated Exoscale, the machines behind it and a state folder, all of them this
 * test's own. Time runs fast: a cold start takes about half a second.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ExoscaleSimulator } from '../../src/sandbox/exoscale-simulator/exoscale-simulator.js';
import type { MachineHost, SimulatorOptions } from '../../src/sandbox/exoscale-simulator/options.js';
import type { SimulatorControl } from '../../src/sandbox/exoscale-simulator/simulator-control.js';
import { gatewayEnvironment, PLAIN_LINK } from '../../src/sandbox/gateway-environment.js';
import {
  MachineSimulator,
  type MachineSimulatorOptions,
} from '../../src/sandbox/machine-simulator/machine-simulator.js';
import { atEnd } from './endings.js';
import { eventually } from './eventually.js';
import { GatewayProcess } from './gateway-process.js';
import type { Reply } from './ollama-client.js';

const API_KEY = 'EXOe2e';
export const API_SECRET = 'the-secret-of-the-e2e-suite';

/** A value for GATEWAY_LINK_SECRET; each `byte` makes another one. */
export function linkSecret(byte: number): string {
  return Buffer.alloc(32, byte).toString('base64');
}

const PACE = { bootMs: 50, pullMs: 60, loadMs: 30, tokenMs: 10, tokens: 5 };
const OPERATION_MS = 30;

/**
 * Five minutes of the lifecycle are six seconds: short enough to wait for, long enough for a busy machine to do in time
 * what is done in time. Users' seconds are not scaled, so they are set where they matter and long everywhere else.
 */
const SETTINGS = {
  GATEWAY_TIME_SCALE: '50',
  EXOSCALE_IDLE_TIMEOUT: '300',
  GATEWAY_SHUTDOWN_DELAY_SECONDS: '0',
  GATEWAY_DRAIN_SECONDS: '5',
};

export interface TestBedOptions {
  /** Settings beside those that point the gateway at its world; an empty value unsets one. */
  env?: Record<string, string>;
  machines?: Partial<MachineSimulatorOptions>;
  operationMs?: number;
  /** What the organization has and the key may do. */
  account?: Pick<SimulatorOptions, 'policy' | 'sshKeys'>;
  /** In place of simulated machines; `linkPort` is where they answer. They have no keys: their link is plain. */
  host?: MachineHost & { linkPort: number };
  /** Plain where no gateway has made the machines, and for more connections at once than two cores do handshakes for. */
  link?: 'mtls' | 'plain';
}

export class TestBed {
  /** The world and a gateway in it that is up and asleep. */
  static async start(options: TestBedOptions = {}): Promise<TestBed> {
    const bed = await TestBed.prepare(options);
    await bed.startGateway();
    return bed;
  }

  /** The world alone, for tests of the start itself. */
  static async prepare(options: TestBedOptions = {}): Promise<TestBed> {
    const machines = new MachineSimulator({ ...PACE, port: 0, ...options.machines });
    const linkPort = options.host?.linkPort ?? (await machines.reservePort());
    const simulator = await ExoscaleSimulator.start({
      apiKey: API_KEY,
      apiSecret: API_SECRET,
      operationMs: options.operationMs ?? OPERATION_MS,
      machines: options.host ?? machines,
      ...options.account,
    });
    const stateDir = mkdtempSync(join(tmpdir(), 'gateway-e2e-'));
    const facts = {
      endpoint: simulator.url,
      apiKey: API_KEY,
      apiSecret: API_SECRET,
      linkPort,
      port: 0,
      adminPort: 0,
      stateDir,
    };
    const { link = options.host ? 'plain' : 'mtls' } = options;
    const environment = {
      ...gatewayEnvironment({ PATH: process.env.PATH }, facts),
      ...(link === 'plain' && PLAIN_LINK),
      ...SETTINGS,
      ...options.env,
    };
    const bed = new TestBed(simulator.control, machines, environment);
    atEnd(async () => {
      await simulator.close();
      await machines.close();
      rmSync(stateDir, { recursive: true, force: true });
    });
    return bed;
  }

  private current: GatewayProcess | null = null;

  private constructor(
    readonly cloud: SimulatorControl,
    readonly machines: MachineSimulator,
    readonly environment: Record<string, string>,
  ) {}

  /** The newest gateway process. */
  get gateway(): GatewayProcess {
    if (!this.current) throw new Error('this test has started no gateway');
    return this.current;
  }

  get ollama() {
    return this.gateway.ollama;
  }

  async startGateway(changes: Record<string, string> = {}): Promise<GatewayProcess> {
    this.current = await GatewayProcess.start({ ...this.environment, ...changes });
    return this.current;
  }

  /** Kills the gateway and starts another one over the same state. */
  async restartGateway(signal: NodeJS.Signals, changes: Record<string, string> = {}): Promise<GatewayProcess> {
    await this.gateway.kill(signal);
    this.current = await this.gateway.restart(changes);
    return this.current;
  }

  /** Asks until there is an answer, as clients do that honour `provisioning: true`; ends with the answer. */
  async answered(ask: () => Promise<Reply> = () => this.ollama.generate(), withinMs = 30_000): Promise<Reply> {
    const look = async (): Promise<Reply | null> => {
      const reply = await ask();
      return reply.status === 503 && reply.json().provisioning === true ? null : reply;
    };
    return eventually('an answer', look, { withinMs, explain: () => this.gateway.describe() });
  }

  /** Wakes the machine and resolves when it serves. */
  async ready(): Promise<void> {
    await this.ollama.generate();
    await this.gateway.untilPhase('ready');
  }

  /** The one instance there is. */
  get instanceId(): string {
    const [instance, ...others] = this.cloud.instances();
    if (!instance || others.length > 0) throw new Error(`there are ${others.length + (instance ? 1 : 0)} instances`);
    return instance.id;
  }
}

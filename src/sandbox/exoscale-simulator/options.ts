/** What starts the simulator, and what it needs of the machines that stand behind its instances. */
import type { Clock } from '../../common/time/clock.js';
import type { IamPolicy } from './iam-policy.js';

/** Boots and kills the fake machine behind an instance. */
export interface MachineHost {
  /**
   * Resolves at once with the machine's IPv4 address; what runs on it answers only after its boot time.
   * @param userData base64, as the instance has it
   */
  start(instanceId: string, userData: string | null): Promise<string>;
  /** Resolves when nothing answers any more. Harmless for a machine that does not run. */
  stop(instanceId: string): Promise<void>;
}

export interface SimulatorOptions {
  apiKey: string;
  apiSecret: string;
  /** 0 (default) takes a free one. */
  port?: number;
  host?: string;
  zone?: string;
  /** Of the role that the key has; by default it may do everything. */
  policy?: IamPolicy;
  /** Names of the SSH keys of the organization; none by default. */
  sshKeys?: readonly string[];
  /** How long an asynchronous operation stays pending. */
  operationMs?: number;
  /** How old the answer of list-instances is; get-instance is never late. */
  listLagMs?: number;
  machines?: MachineHost;
  clock?: Clock;
  /** Wall clock of the API, where it differs from `clock` (clock-offset tests). */
  nowMs?: () => number;
}

/** Stands in when nobody wants machines: every start gets an address of the documentation range (RFC 5737). */
export class NoMachines implements MachineHost {
  private started = 0;

  start(): Promise<string> {
    this.started += 1;
    return Promise.resolve(`203.0.113.${1 + (this.started % 254)}`);
  }

  stop(): Promise<void> {
    return Promise.resolve();
  }
}

/**
 * The way to the machine as the rest of the gateway knows it: what a new machine gets, which machines can be spoken to,
 * and how a connection to one is made. Two kinds: mTLS (mtls-link.ts), and plain for those who asked for it twice.
 */
import type { buildConnector } from 'undici';
import type { MachineTarget } from '../provisioning/ports/machine.port.js';

/** What makes a machine's end of the link; becomes part of its user-data. Contains nothing that opens a client's end. */
export type MachineEnd =
  { kind: 'plain' } | { kind: 'mtls'; serverName: string; caPem: string; certificatePem: string; keyPem: string };

export abstract class MachineLink {
  /** The epoch that new machines are made with: label `link-epoch`. */
  abstract readonly epoch: number;
  /** The epochs whose machines can be spoken to. */
  abstract readonly epochs: readonly number[];
  /** Changes whenever a machine made before cannot serve for one made now; part of the fingerprint. No secret. */
  abstract readonly digest: string;
  abstract readonly scheme: 'http' | 'https';
  /** The Host of every request; null = that of the machine's address. */
  abstract readonly host: string | null;
  /** What the machine of this launch gets. */
  abstract machineEnd(launchId: string): Promise<MachineEnd>;
  /** How connections to this machine are made and checked. @throws RangeError for an epoch that is not ours */
  abstract connectOptions(target: MachineTarget): buildConnector.BuildOptions;
}

/** Shorter than a client's patience: a machine that does not answer a SYN in this time is looked at. */
export const CONNECT_TIMEOUT_MS = 5000;

const PLAIN_EPOCH = 0;

/** HTTP without keys, for trusted networks. */
export class PlainLink extends MachineLink {
  override readonly epoch = PLAIN_EPOCH;
  override readonly epochs = [PLAIN_EPOCH];
  override readonly digest = 'plain';
  override readonly scheme = 'http';
  override readonly host = null;

  override machineEnd(): Promise<MachineEnd> {
    return Promise.resolve({ kind: 'plain' });
  }

  override connectOptions(): buildConnector.BuildOptions {
    return { timeout: CONNECT_TIMEOUT_MS, keepAlive: true, keepAliveInitialDelay: 15_000 };
  }
}

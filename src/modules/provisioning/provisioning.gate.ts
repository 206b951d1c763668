/**
 * The only door through which the rest of the gateway knows the lifecycle (architecture rule 1). It says what the
 * machine is, lets requests in while holding a traffic lease for each, and takes wishes. It never says how.
 */
import type { Observable } from 'rxjs';
import type { ErrorCode } from '../../common/errors/catalogue.js';
import type { Failure, Phase } from './domain/model.js';
import type { CloudFinding } from './ports/cloud.port.js';
import type { Catalogue, MachineTarget } from './ports/machine.port.js';

export type { Catalogue } from './ports/machine.port.js';

export type ProvisioningStatus = 'idle' | 'provisioning' | 'ready' | 'error';

/** One in-flight request's right to keep the machine alive. */
export interface TrafficLease {
  /** Where the machine's Ollama answers; the same object as long as it is the same machine at the same place. */
  readonly target: MachineTarget;
  /** Gives the right back; further calls do nothing. */
  release(): void;
}

/** What a request wants of the gate. */
export interface Demand {
  /** Only a waking request starts a machine and moves the idle clock (architecture.md §4, "What wakes"). */
  waking: boolean;
  /** When the request arrived, on the monotonic clock. */
  arrivedMs: number;
  /** The hold the client asked for; null when it did not. */
  holdMs: number | null;
  /** Aborts when the client has left. */
  signal: AbortSignal;
  /** Name of the API key that the request came with, for the event log; null for none. */
  actor: string | null;
}

/** Why a request cannot be served now, in the terms of the wire contract. */
export interface ColdAnswer {
  code: ErrorCode;
  message: string;
  status: ProvisioningStatus;
  phase: Phase;
  /** Completed fraction of the model pull in [0, 1]; null where unknown. */
  progress: number | null;
  etaSec: number | null;
  /** Null for an answer that must not be retried by itself. */
  retryAfterSec: number | null;
}

export type Admission =
  { kind: 'served'; lease: TrafficLease } | { kind: 'cold'; answer: ColdAnswer } | { kind: 'left' };

/** What `state$` emits: everything that others may know. Contains no secret. */
export interface PoolSnapshot {
  phase: Phase;
  phaseSinceMs: number;
  reason: string;
  status: ProvisioningStatus;
  wanted: boolean;
  instanceId: string | null;
  instanceStatus: string | null;
  /** The machine no longer fits the configuration or the link keys: it is replaced when it is idle. */
  outdated: boolean;
  /** Set from booting to draining. */
  remoteUrl: string | null;
  progress: number | null;
  etaMs: number | null;
  failure: Failure | null;
  notBeforeMs: number | null;
  inFlight: number;
  held: number;
  lastActivityMs: number | null;
  idleStopAtMs: number | null;
  /** Set while the state store takes no writes. */
  storeTrouble: string | null;
  /** The process is on its way out. */
  leaving: boolean;
  /** The stored state has been read and the lifecycle runs. */
  started: boolean;
  owner: string | null;
  findings: readonly CloudFinding[];
}

export abstract class ProvisioningGate {
  /** Broadcast of what was decided; never an input to a decision. Replays the newest snapshot. */
  abstract readonly state$: Observable<PoolSnapshot>;
  abstract snapshot(): PoolSnapshot;
  /** The hot path: a lease when the machine is ready, else null. No I/O. */
  abstract tryAcquire(waking: boolean): TrafficLease | null;
  /** A lease, or after the hold that applies the cold answer. Wakes the machine if the demand does. */
  abstract acquire(demand: Demand): Promise<Admission>;
  /** Wishes that a machine exist, without waiting for it. Resolves when the wish is recorded (or refused). */
  abstract wake(): Promise<void>;
  /** The machine did not answer a forwarded request: it is probed now. */
  abstract suspect(): void;
  /** What a sleeping Ollama answers with; null before the first contact. */
  abstract catalogue(): Catalogue | null;
  /** Shutdown, step 1: readiness goes off, everything is still served. */
  abstract announceLeaving(): void;
  /** Step 2: whoever is held gets the cold answer `shutting_down`; no new lease is given. */
  abstract closeDoors(): void;
  /** Step 3: resolves when no traffic lease is open. */
  abstract drained(): Promise<void>;
}

/** The language between the reconciler and the pure core: what has happened (events), what is to be done (effects). */
import type { ErrorCode } from '../../../common/errors/catalogue.js';
import type { CloudView } from '../ports/cloud.port.js';
import type { ProbeOutcome } from '../ports/machine.port.js';

/** What an operator may ask for. */
export type OperatorAct =
  | { kind: 'wake' }
  | { kind: 'sleep' }
  | { kind: 'keepAwake'; untilMs: number | null }
  | { kind: 'destroy'; launchId: string };

/** A failed call as the core sees it: what it means, not how it was sent. */
export interface Fault {
  code: ErrorCode;
  message: string;
  /** The cloud says "not in this state": look again, nothing has failed. */
  conflict: boolean;
  /** The thing does not exist: look again. */
  gone: boolean;
  /** The call may have had an effect. */
  ambiguous: boolean;
}

/** The mutating calls: one at a time, never two. */
export type Command =
  | { type: 'create'; launchId: string; owner: string }
  | { type: 'label'; instanceId: string; launchId: string; owner: string }
  | { type: 'start'; instanceId: string }
  | { type: 'stop'; instanceId: string }
  | { type: 'destroy'; instanceId: string };

export type Effect =
  /** Read the cloud; `seq` comes back with the answer, so that one taken before a command is recognised. */
  | { type: 'look'; seq: number }
  | { type: 'command'; command: Command }
  /** `seq` comes back with the outcome: what was begun before the machine was left is void. */
  | { type: 'probe'; address: string; seq: number }
  /** Pull if needed, load and confirm the first model; for a machine that is ready also pull the others. */
  | { type: 'prepare'; address: string; seq: number }
  | { type: 'pullOthers'; address: string }
  /** Refuse new requests on the machine itself, and count those in progress there. */
  | { type: 'latch'; address: string; seq: number }
  | { type: 'unlatch'; address: string; seq: number }
  /** Tell the machine's dead-man timer what it must know. */
  | { type: 'instruct'; address: string; seq: number }
  /** Read anew what the sleeping gateway will say about the models. */
  | { type: 'catalogue'; address: string }
  /** Stop probing, pulling and loading: the machine is not ours to use any more. */
  | { type: 'abandon' }
  /** Look at everything again at this time at the latest. */
  | { type: 'tickAt'; atMs: number };

/** Everything that the reconciler is told without having been asked for an answer. */
export type Report = Exclude<PoolEvent, { type: 'operator' }>;

export type PoolEvent =
  /** The process has begun with a stored record. */
  | { type: 'restarted' }
  /** A request wants the machine; `actor` is whoever sent it, where that is known. */
  | { type: 'wake'; actor?: string | null }
  /** Somebody asked for something through the admin API. */
  | { type: 'operator'; act: OperatorAct; actor: string }
  | { type: 'tick' }
  /** The data plane could not reach a ready machine. */
  | { type: 'suspected' }
  | { type: 'looked'; seq: number; view: CloudView }
  | { type: 'lookFailed'; seq: number; fault: Fault }
  | { type: 'accepted'; command: Command; operationId: string | null; instanceId?: string }
  | { type: 'refused'; command: Command; fault: Fault }
  | { type: 'probed'; seq: number; outcome: ProbeOutcome }
  /** `busy` is the number of requests in progress; null = the machine could not be asked. */
  | { type: 'latched'; seq: number; busy: number | null }
  | { type: 'unlatched'; seq: number; done: boolean }
  | { type: 'instructed'; seq: number; done: boolean }
  | { type: 'progressed'; seq: number; fraction: number }
  | { type: 'prepared'; seq: number }
  | { type: 'prepareFailed'; seq: number; fault: Fault };

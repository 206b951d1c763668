/**
 * What the lifecycle needs of a cloud, in the words of the lifecycle. `modules/exoscale` implements it; the reconciler
 * is its only caller. Every method rejects with a CloudError and with nothing else.
 */
import type { ErrorCode } from '../../../common/errors/catalogue.js';

/** The cloud's word for the state of an instance; unknown strings are treated as transient (exoscale-api.md §3.1). */
export type CloudStatus =
  | 'starting'
  | 'running'
  | 'stopping'
  | 'stopped'
  | 'migrating'
  | 'error'
  | 'destroying'
  | 'destroyed'
  | 'expunging'
  | (string & {});

/** One instance as the cloud reports it. The label fields are null where the label is missing. */
export interface CloudMachine {
  id: string;
  name: string | null;
  status: CloudStatus;
  /** Public IPv4; null until the cloud has given one. */
  address: string | null;
  createdAtMs: number;
  owner: string | null;
  launchId: string | null;
  fingerprint: string | null;
  linkEpoch: number | null;
}

/** State of an asynchronous job of the cloud; null when its id is no longer known. */
export interface CloudOperation {
  state: 'pending' | 'success' | 'failure';
  /** Set on failure: the same vocabulary as a failed call. */
  error: CloudError | null;
}

export interface LookRequest {
  /** The recorded instance, read by id (a list may lag behind); null when none is recorded. */
  instanceId: string | null;
  /** The job under way, if any. */
  operationId: string | null;
}

/** One look at the cloud. */
export interface CloudView {
  /** Labelled as managed by us **and** of our pool, whoever the owner is. */
  pool: CloudMachine[];
  /** Unlabelled instances whose name is exactly EXOSCALE_ADOPT_NAME; empty when that is unset. */
  named: CloudMachine[];
  /** The recorded instance by id; null when the cloud answers that it does not exist (or none was asked for). */
  recorded: CloudMachine | null;
  operation: CloudOperation | null;
}

export interface LaunchRequest {
  launchId: string;
  owner: string;
}

/** A mutating call was accepted; its job goes on in the cloud. `operationId` is null where there is nothing to wait for. */
export interface Accepted {
  operationId: string | null;
}

export interface CloudFinding {
  check: 'credentials' | 'clock' | 'zone' | 'instance_type' | 'quota' | 'template' | 'leftovers';
  level: 'ok' | 'warning' | 'error';
  /** Stable code of the catalogue where the finding would make a wake fail. */
  code: ErrorCode | null;
  message: string;
}

export abstract class CloudPort {
  /** Hash of the configured template, type, disk size, link settings and bootstrap version; a pure value. */
  abstract readonly fingerprint: string;
  /** Label of new machines: the epoch of their link keys. */
  abstract readonly linkEpoch: number;
  /** The epochs whose machines the gateway can speak to. */
  abstract readonly linkEpochs: readonly number[];

  abstract look(request: LookRequest): Promise<CloudView>;

  /**
   * Creates one instance that is **not** started, with the labels of architecture.md §3. The POST is sent once: when
   * its outcome is unknown the error is `ambiguous` and the caller looks for its label before it tries again.
   */
  abstract create(request: LaunchRequest): Promise<Accepted & { instanceId: string }>;
  /** `conflict` when the instance is not settled or not stopped; harmless to repeat after a look. */
  abstract start(instanceId: string): Promise<Accepted>;
  /** `conflict` when the instance is not running. */
  abstract stop(instanceId: string): Promise<Accepted>;
  /** Resolves also when the instance is already gone (404 is success). */
  abstract destroy(instanceId: string): Promise<Accepted>;
  /** Gives an instance our labels (adoption). A machine that carries a fingerprint keeps it, and so is replaced if stale. */
  abstract label(instanceId: string, request: LaunchRequest): Promise<Accepted>;
  /** Read-only checks of the account; never rejects: a check that cannot be made is a finding. */
  abstract preflight(owner: string): Promise<CloudFinding[]>;
}

export type CloudErrorKind =
  'auth' | 'quota' | 'capacity' | 'not_found' | 'conflict' | 'transient' | 'invalid' | 'unknown';

/** A failure of the cloud in domain words; `message` carries the API's own text and never a secret. */
export class CloudError extends Error {
  override readonly name = 'CloudError';

  constructor(
    readonly kind: CloudErrorKind,
    message: string,
    readonly details: {
      /** A more precise code than the kind gives (`invalid_type`, `invalid_zone`, …). */
      code?: ErrorCode;
      /** The call may have had an effect although it failed (time-out, reset, 5xx on a mutation). */
      ambiguous?: boolean;
      /** What the API asked to wait, where it did. */
      retryAfterMs?: number;
      cause?: unknown;
    } = {},
  ) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
  }
}

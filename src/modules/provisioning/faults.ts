/** Translates what ports reject with into the faults of the pure core. */
import { ERROR_CATALOGUE, type ErrorCode } from '../../common/errors/catalogue.js';
import type { Fault } from './domain/events.js';
import { CloudError, type CloudErrorKind } from './ports/cloud.port.js';
import { MachineError, type MachineErrorKind } from './ports/machine.port.js';

const CLOUD_CODES: Readonly<Record<CloudErrorKind, ErrorCode>> = {
  auth: 'auth',
  quota: 'quota_exceeded',
  capacity: 'capacity',
  not_found: 'cloud_rejected',
  conflict: 'cloud_unavailable',
  transient: 'cloud_unavailable',
  invalid: 'cloud_rejected',
  unknown: 'cloud_unavailable',
};

const MACHINE_CODES: Readonly<Record<MachineErrorKind, ErrorCode>> = {
  unreachable: 'boot_failed',
  refused: 'link_mismatch',
  model_missing: 'model_missing',
  disk_full: 'disk_too_small',
  model_failed: 'model_failed',
};

/** The code that a failed cloud call means. */
function cloudCode(error: CloudError): ErrorCode {
  return error.details.code ?? CLOUD_CODES[error.kind];
}

/** Anything but a CloudError is a bug of an adapter; it is treated like an API that does not answer. */
export function cloudFault(error: unknown): Fault {
  const known = error instanceof CloudError ? error : null;
  const code = known ? cloudCode(known) : 'cloud_unavailable';
  return {
    code,
    message: told(code, error),
    conflict: known?.kind === 'conflict',
    gone: known?.kind === 'not_found' && known.details.code === undefined,
    ambiguous: known?.details.ambiguous ?? known === null,
  };
}

export function machineFault(error: unknown): Fault {
  const code = error instanceof MachineError ? MACHINE_CODES[error.kind] : 'boot_failed';
  return { code, message: told(code, error), conflict: false, gone: false, ambiguous: false };
}

/** Our sentence, then the other side's own words. */
function told(code: ErrorCode, error: unknown): string {
  const text = error instanceof Error ? error.message.trim() : '';
  const ours = ERROR_CATALOGUE[code].message;
  return text === '' || text === ours ? ours : `${ours} (${text})`;
}

/** What a request is told that cannot be served now. Pure: the wire contract's table (architecture.md §4). */
import { ERROR_CATALOGUE, type ErrorCode } from '../../common/errors/catalogue.js';
import { BRING_UP } from './domain/timings.js';
import type { ColdAnswer, PoolSnapshot, ProvisioningStatus } from './provisioning.gate.js';
import type { Phase } from './domain/model.js';

/** Retry-After is honoured by SDKs only below 60 s (ollama-api.md §0.7). */
const RETRY_AFTER_MAX_SEC = 55;

export function provisioningStatus(phase: Phase, wanted: boolean): ProvisioningStatus {
  if (phase === 'failed') return 'error';
  if (phase === 'ready' || phase === 'draining') return 'ready';
  if (BRING_UP.has(phase)) return 'provisioning';
  return wanted && phase !== 'absent' && phase !== 'stopped' ? 'provisioning' : 'idle';
}

/** The answer for the present state; `override` names a cause that does not come from the machine's life. */
export function coldAnswer(snapshot: PoolSnapshot, override?: { code: ErrorCode; message?: string }): ColdAnswer {
  const code = override?.code ?? causeOf(snapshot);
  const entry = ERROR_CATALOGUE[code];
  const failure = snapshot.failure?.code === code ? snapshot.failure : null;
  const etaSec = entry.provisioning && snapshot.etaMs !== null ? Math.ceil(snapshot.etaMs / 1000) : null;
  return {
    code,
    message: override?.message ?? failure?.message ?? entry.message,
    status: failure ? 'error' : snapshot.status,
    phase: snapshot.phase,
    progress: snapshot.progress,
    etaSec,
    retryAfterSec:
      code === 'wake_refused' ? null : Math.min(Math.max(etaSec ?? RETRY_AFTER_MAX_SEC, 1), RETRY_AFTER_MAX_SEC),
  };
}

function causeOf(snapshot: PoolSnapshot): ErrorCode {
  if (snapshot.phase === 'failed' && snapshot.failure) return snapshot.failure.code;
  const onItsWay = BRING_UP.has(snapshot.phase) || snapshot.wanted;
  return onItsWay ? 'provisioning' : 'asleep';
}

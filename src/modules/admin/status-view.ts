/** The pool as `/status` shows it, to people and to the predecessor's clients. Contains no secret. */
import type { CloudConfig, LifecycleConfig } from '../../common/config/classes.js';
import type { ModelConfig } from '../../common/config/model-config.js';
import type { ProvisioningGate } from '../provisioning/provisioning.gate.js';

/** What `/status` shows of the configuration. */
export interface Configured {
  cloud: CloudConfig;
  model: ModelConfig;
  lifecycle: LifecycleConfig;
  /** Set when everybody may use the public listener who can reach it. */
  accessWarning: string | null;
}

export class StatusView {
  constructor(
    private readonly gate: ProvisioningGate,
    private readonly configured: Configured,
  ) {}

  /** The first eight fields are always there, null where unknown; none is ever renamed (architecture.md §4). */
  read(): Record<string, unknown> {
    const now = this.gate.snapshot();
    const { cloud, model, lifecycle, accessWarning } = this.configured;
    const trouble = now.storeTrouble === null ? null : { code: 'state_unavailable', message: now.storeTrouble };
    const fault = now.failure ?? trouble;
    return {
      service: 'ollama-exoscale',
      provisioning_status: now.status,
      instance_status: now.instanceStatus,
      remote_url: now.remoteUrl,
      zone: cloud.zone,
      instance_type: cloud.instanceType,
      ollama_model: model.models.join(','),
      idle_timeout: lifecycle.idleTimeoutSec,
      ...(fault && { error: fault.message, code: fault.code }),
      phase: now.phase,
      phase_since: isoTime(now.phaseSinceMs),
      reason: now.reason,
      progress: now.progress,
      eta_seconds: now.etaMs === null ? null : Math.ceil(now.etaMs / 1000),
      retry_at: isoTime(now.notBeforeMs),
      in_flight: now.inFlight,
      held: now.held,
      last_activity: isoTime(now.lastActivityMs),
      idle_stop_at: isoTime(now.idleStopAtMs),
      wanted: now.wanted,
      leaving: now.leaving,
      instance_id: now.instanceId,
      owner: now.owner,
      ...(now.outdated && { outdated: true }),
      ...(accessWarning !== null && { access_warning: accessWarning }),
      preflight: now.findings.map(({ check, level, code, message }) => ({ check, level, code, message })),
    };
  }
}

/** UTC in ISO 8601, or null. */
export function isoTime(atMs: number | null): string | null {
  return atMs === null ? null : new Date(atMs).toISOString();
}

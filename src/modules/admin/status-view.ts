/** The pool as `/status` shows it, to people and to the predecessor's clients. Contains no secret. */
import { Injectable } from '@nestjs/common';
import { AccessConfig } from '../../common/config/access-config.js';
import { CloudConfig, LifecycleConfig, ListenerConfig } from '../../common/config/classes.js';
import { ModelConfig } from '../../common/config/model-config.js';
import { accessWarning } from '../access/access-findings.js';
import { ProvisioningGate } from '../provisioning/provisioning.gate.js';

@Injectable()
export class StatusView {
  private readonly accessWarning: string | null;

  constructor(
    private readonly gate: ProvisioningGate,
    private readonly cloud: CloudConfig,
    private readonly model: ModelConfig,
    private readonly lifecycle: LifecycleConfig,
    listener: ListenerConfig,
    access: AccessConfig,
  ) {
    this.accessWarning = accessWarning(listener, access);
  }

  /** The first eight fields are always there, null where unknown; none is ever renamed (architecture.md §4). */
  read(): Record<string, unknown> {
    const now = this.gate.snapshot();
    const trouble = now.storeTrouble === null ? null : { code: 'state_unavailable', message: now.storeTrouble };
    const fault = now.failure ?? trouble;
    return {
      service: 'ollama-exoscale',
      provisioning_status: now.status,
      instance_status: now.instanceStatus,
      remote_url: now.remoteUrl,
      zone: this.cloud.zone,
      instance_type: this.cloud.instanceType,
      ollama_model: this.model.models.join(','),
      idle_timeout: this.lifecycle.idleTimeoutSec,
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
      ...(this.accessWarning !== null && { access_warning: this.accessWarning }),
      preflight: now.findings.map(({ check, level, code, message }) => ({ check, level, code, message })),
    };
  }
}

/** UTC in ISO 8601, or null. */
export function isoTime(atMs: number | null): string | null {
  return atMs === null ? null : new Date(atMs).toISOString();
}

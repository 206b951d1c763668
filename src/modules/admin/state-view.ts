/** The pool as operators see it: `/status`, and what of the stored record they need in order to act. Contains no secret. */
import { Injectable } from '@nestjs/common';
import { PoolControl } from '../provisioning/provisioning.control.js';
import { isoTime, StatusView } from './status-view.js';

@Injectable()
export class StateView {
  constructor(
    private readonly status: StatusView,
    private readonly control: PoolControl,
  ) {}

  read(): Record<string, unknown> {
    const record = this.control.record();
    const { failure } = record;
    return {
      ...this.status.read(),
      launch_id: record.launchId,
      fingerprint: record.fingerprint,
      keep_awake_until: isoTime(record.keepAwakeUntilMs),
      failure: failure && {
        code: failure.code,
        message: failure.message,
        heals: failure.heals,
        at: isoTime(failure.atMs),
        attempts: record.failureCount,
      },
      last_create_seconds: inSeconds(record.lastCreateMs),
      last_resume_seconds: inSeconds(record.lastResumeMs),
      newest_event: this.control.version(),
    };
  }
}

function inSeconds(ms: number | null): number | null {
  return ms === null ? null : ms / 1000;
}

/** PoolControl over the reconciler: hands acts on and waits for what came of them. */
import type { PoolRecord } from './domain/model.js';
import { PoolControl, type StoredEvent, type Verdict } from './provisioning.control.js';
import type { Reconciler } from './reconciler.js';

export class PoolControlService extends PoolControl {
  constructor(private readonly reconciler: Reconciler) {
    super();
  }

  record(): Readonly<PoolRecord> {
    return this.reconciler.state.record;
  }

  version(): number {
    return this.reconciler.version;
  }

  events(afterVersion: number, limit: number): Promise<StoredEvent[]> {
    return this.reconciler.events(afterVersion, limit);
  }

  wake(actor: string): Promise<Verdict> {
    return this.reconciler.operate({ kind: 'wake' }, actor);
  }

  sleep(actor: string): Promise<Verdict> {
    return this.reconciler.operate({ kind: 'sleep' }, actor);
  }

  keepAwake(untilMs: number | null, actor: string): Promise<Verdict> {
    return this.reconciler.operate({ kind: 'keepAwake', untilMs }, actor);
  }

  destroy(launchId: string, actor: string): Promise<Verdict> {
    return this.reconciler.operate({ kind: 'destroy', launchId }, actor);
  }
}

/**
 * Asynchronous jobs: pending for a while, then success, failure or timeout (exoscale-api.md §2.13). What a job does is
 * given by its caller; this file knows only when it ends and how.
 */
import { randomUUID } from 'node:crypto';
import type { Clock } from '../../common/time/clock.js';
import { ApiError } from './api-error.js';

/** How a job is made to end by a fault; null lets it succeed. */
export interface ScriptedResult {
  state: 'failure' | 'timeout';
  reason?: string;
  message?: string;
}

/** What a job does when it ends. */
export interface Work {
  /** Makes the change; a rejection turns the job into a failure, rolled back unless it is a WorkFailed. */
  commit: () => void | Promise<void>;
  /** Takes back what was visible while the job was pending. */
  rollback: () => void;
}

interface Operation {
  id: string;
  state: 'pending' | 'success' | 'failure' | 'timeout';
  reason?: string;
  message?: string;
  reference: { id: string; link: string; command: string };
}

/** Thrown by `commit` when the thing has changed under the job. */
export class WorkFailed extends Error {
  override readonly name = 'WorkFailed';

  constructor(
    readonly reason: 'not-found' | 'interrupted' | 'fault',
    message: string,
  ) {
    super(message);
  }
}

export class Operations {
  private readonly all = new Map<string, Operation>();

  constructor(
    private readonly clock: Clock,
    /** How long a job stays pending, in ms; jobs under way keep theirs. */
    public durationMs: number,
  ) {}

  /** Begins a job and answers its pending form; `reference.id` is there from the start, as karpenter relies on. */
  begin(command: string, resource: string, referenceId: string, work: Work, scripted: ScriptedResult | null): object {
    const operation: Operation = {
      id: randomUUID(),
      state: 'pending',
      reference: { id: referenceId, link: `/v2/${resource}/${referenceId}`, command },
    };
    this.all.set(operation.id, operation);
    this.clock.after(this.durationMs, () => void this.settle(operation, work, scripted));
    return structuredClone(operation);
  }

  get(id: string): object {
    const operation = this.all.get(id);
    if (!operation) throw ApiError.notFound();
    return structuredClone(operation);
  }

  private async settle(operation: Operation, work: Work, scripted: ScriptedResult | null): Promise<void> {
    if (scripted?.state === 'failure') {
      work.rollback();
      Object.assign(operation, { reason: 'unknown', ...scripted });
      return;
    }
    if (scripted?.state === 'timeout') {
      Object.assign(operation, scripted);
      // The API gave up waiting, the work did not: a stop in at-vie-1 settled long after its operation had timed out.
      this.clock.after(this.durationMs, () => void this.commit(operation, work));
      return;
    }
    if (await this.commit(operation, work)) operation.state = 'success';
  }

  private async commit(operation: Operation, work: Work): Promise<boolean> {
    try {
      await work.commit();
      return true;
    } catch (error) {
      const known = error instanceof WorkFailed;
      if (!known) work.rollback();
      const reason = known ? error.reason : 'fault';
      const message = error instanceof Error ? error.message : String(error);
      if (operation.state === 'pending') Object.assign(operation, { state: 'failure', reason, message });
      return false;
    }
  }
}

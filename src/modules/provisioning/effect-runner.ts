/**
 * Carries out the effects of the pure core on the cloud and on the machine, each in the background, and posts what came
 * of it. Knows no phases: it does what it is told and reports.
 */
import type { Logger } from '../../common/logging/logger.js';
import type { Effect, Report } from './domain/events.js';
import type { PoolRecord } from './domain/model.js';
import { cloudFault, machineFault } from './faults.js';
import type { CatalogueKeeper } from './catalogue-keeper.js';
import type { CloudFinding, CloudPort } from './ports/cloud.port.js';
import type { MachinePort, MachineTarget } from './ports/machine.port.js';

type Work = Exclude<Effect, { type: 'tickAt' }>;
/** What of the record says where its machine is and who it must be. */
type MachineFacts = Pick<PoolRecord, 'address' | 'launchId' | 'linkEpoch'>;
type Command = Extract<Effect, { type: 'command' }>['command'];
/** Asks the store immediately before a mutating call whether the step is still ours to take. */
type Intent = () => Promise<boolean>;

export class EffectRunner {
  private post: (event: Report) => void = () => undefined;
  private readonly underWay = new Set<Promise<void>>();
  private machineWork = new AbortController();

  constructor(
    private readonly cloud: CloudPort,
    private readonly machine: MachinePort,
    private readonly keeper: CatalogueKeeper,
    private readonly settings: { models: readonly string[]; idleTimeoutSec: number },
    private readonly log: Logger,
  ) {}

  start(post: (event: Report) => void): void {
    this.post = post;
  }

  /** What was known before the restart, for those who ask while the machine sleeps. */
  restore(): Promise<void> {
    return this.keeper.load();
  }

  /** Where the recorded machine answers; null while it has no address. */
  targetOf({ address, launchId, linkEpoch }: MachineFacts): MachineTarget | null {
    return address === null ? null : this.machine.targetOf(address, launchId ?? '', linkEpoch ?? 0);
  }

  /** Begins an effect and returns at once; `record` is the one that the effect was decided on. */
  run(effect: Work, record: PoolRecord, intent: Intent): void {
    const work = this.perform(effect, record, intent).catch((error: unknown) =>
      this.log.error({ err: error, effect: effect.type }, 'an effect failed in a way it never should'),
    );
    this.underWay.add(work);
    void work.then(() => this.underWay.delete(work));
  }

  /** Read-only checks of the account at start-up; never rejects. */
  preflight(owner: string): Promise<CloudFinding[]> {
    return this.cloud.preflight(owner);
  }

  /** Ends what belongs to the machine and waits for the cloud calls under way: their outcome is still recorded. */
  async stop(): Promise<void> {
    this.abandon();
    await Promise.allSettled(this.underWay);
  }

  private async perform(effect: Work, record: PoolRecord, intent: Intent): Promise<void> {
    if (effect.type === 'look') return this.look(effect.seq, record);
    if (effect.type === 'command') return this.command(effect.command, intent);
    if (effect.type === 'abandon') return this.abandon();
    const target = this.machine.targetOf(effect.address, record.launchId ?? '', record.linkEpoch ?? 0);
    switch (effect.type) {
      case 'probe':
        return this.post({ type: 'probed', seq: effect.seq, outcome: await this.machine.probe(target) });
      case 'prepare':
        return this.prepare(target, effect.seq, record);
      case 'latch':
        return this.latch(target, effect.seq);
      case 'unlatch':
        return this.post({ type: 'unlatched', seq: effect.seq, done: await this.told(this.machine.unlatch(target)) });
      case 'instruct':
        return this.post({ type: 'instructed', seq: effect.seq, done: await this.told(this.instruct(target, record)) });
      case 'pullOthers':
        return this.pullOthers(target);
      case 'catalogue':
        return this.keeper.refresh(target);
    }
  }

  private async look(seq: number, record: PoolRecord): Promise<void> {
    try {
      const view = await this.cloud.look({ instanceId: record.instanceId, operationId: record.operationId });
      this.post({ type: 'looked', seq, view });
    } catch (error) {
      const fault = cloudFault(error);
      this.log.warn({ code: fault.code }, `a look at the cloud failed: ${fault.message}`);
      this.post({ type: 'lookFailed', seq, fault });
    }
  }

  private async command(command: Command, intent: Intent): Promise<void> {
    try {
      if (!(await intent())) {
        const message = 'the step is not ours to take any more';
        return this.post({
          type: 'refused',
          command,
          fault: { code: 'cloud_unavailable', message, conflict: true, gone: false, ambiguous: false },
        });
      }
      const accepted = await this.call(command);
      this.log.info({ command: command.type, instanceId: accepted.instanceId }, `cloud: ${command.type} accepted`);
      this.post({ type: 'accepted', command, ...accepted });
    } catch (error) {
      const fault = cloudFault(error);
      this.log.warn(
        { command: command.type, code: fault.code, ambiguous: fault.ambiguous },
        `cloud: ${command.type} failed: ${fault.message}`,
      );
      this.post({ type: 'refused', command, fault });
    }
  }

  private call(command: Command): Promise<{ operationId: string | null; instanceId?: string }> {
    switch (command.type) {
      case 'create':
        return this.cloud.create({ launchId: command.launchId, owner: command.owner });
      case 'label':
        return this.cloud.label(command.instanceId, { launchId: command.launchId, owner: command.owner });
      case 'start':
        return this.cloud.start(command.instanceId);
      case 'stop':
        return this.cloud.stop(command.instanceId);
      case 'destroy':
        return this.cloud.destroy(command.instanceId);
    }
  }

  private async latch(target: MachineTarget, seq: number): Promise<void> {
    try {
      // A machine without a latch has no other users that anybody could know of.
      this.post({ type: 'latched', seq, busy: (await this.machine.latch(target)) ?? 0 });
    } catch (error) {
      this.log.warn({ err: error }, 'the machine could not be latched before its stop');
      this.post({ type: 'latched', seq, busy: null });
    }
  }

  private instruct(target: MachineTarget, record: PoolRecord): Promise<void> {
    const { idleTimeoutSec } = this.settings;
    return this.machine.instruct(target, { idleTimeoutSec, keepAwakeUntilMs: record.keepAwakeUntilMs });
  }

  /** Whether the machine took what it was told. */
  private async told(telling: Promise<void>): Promise<boolean> {
    try {
      await telling;
      return true;
    } catch (error) {
      this.log.warn({ err: error }, 'the machine did not take what it was told');
      return false;
    }
  }

  private async prepare(target: MachineTarget, seq: number, record: PoolRecord): Promise<void> {
    const { signal } = this.machineWork;
    const [model] = this.settings.models;
    if (model === undefined) throw new Error('OLLAMA_MODEL names no model');
    try {
      await this.instruct(target, record);
      if (!(await this.machine.has(target, model))) {
        this.log.info({ model }, 'pulling the model');
        await this.machine.pull(target, model, (fraction) => this.post({ type: 'progressed', seq, fraction }), signal);
      }
      await this.machine.load(target, model, signal);
      await this.keeper.refresh(target);
      this.post({ type: 'prepared', seq });
    } catch (error) {
      if (signal.aborted) return;
      const fault = machineFault(error);
      this.log.warn({ model, code: fault.code }, `the model could not be made ready: ${fault.message}`);
      this.post({ type: 'prepareFailed', seq, fault });
    }
  }

  /** The further models: a convenience that must never take a serving machine down. */
  private async pullOthers(target: MachineTarget): Promise<void> {
    const { signal } = this.machineWork;
    for (const model of this.settings.models.slice(1)) {
      try {
        if (signal.aborted) return;
        if (await this.machine.has(target, model)) continue;
        this.log.info({ model }, 'pulling a further model');
        await this.machine.pull(target, model, () => undefined, signal);
        await this.keeper.refresh(target);
      } catch (error) {
        if (signal.aborted) return;
        this.log.warn({ model, err: error }, 'a further model of OLLAMA_MODEL could not be pulled');
      }
    }
  }

  /** Ends every probe, pull and load under way; the reconciler wants none of their outcomes. */
  abandon(): void {
    this.machineWork.abort(new Error('the machine is not ours to use any more'));
    this.machineWork = new AbortController();
  }
}

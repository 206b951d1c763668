/**
 * Carries out the effects of the pure core on the cloud and on the machine, each in the background, and posts what came
 * of it. Knows no phases: it does what it is told and reports.
 */
import type { Logger } from '../../common/logging/logger.js';
import type { Effect, PoolEvent } from './domain/events.js';
import type { PoolRecord } from './domain/model.js';
import { cloudFault, machineFault } from './faults.js';
import type { CatalogueKeeper } from './catalogue-keeper.js';
import type { CloudFinding, CloudPort } from './ports/cloud.port.js';
import type { MachinePort, MachineUrl } from './ports/machine.port.js';

type Work = Exclude<Effect, { type: 'tickAt' }>;
type Command = Extract<Effect, { type: 'command' }>['command'];
/** Asks the store immediately before a mutating call whether the step is still ours to take. */
type Intent = () => Promise<boolean>;

export class EffectRunner {
  private post: (event: PoolEvent) => void = () => undefined;
  private readonly underWay = new Set<Promise<void>>();
  private machineWork = new AbortController();

  constructor(
    private readonly cloud: CloudPort,
    private readonly machine: MachinePort,
    private readonly keeper: CatalogueKeeper,
    private readonly models: readonly string[],
    private readonly log: Logger,
  ) {}

  start(post: (event: PoolEvent) => void): void {
    this.post = post;
  }

  /** What was known before the restart, for those who ask while the machine sleeps. */
  restore(): Promise<void> {
    return this.keeper.load();
  }

  urlOf(address: string): MachineUrl {
    return this.machine.urlOf(address);
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
    switch (effect.type) {
      case 'look':
        return this.look(effect.seq, record);
      case 'command':
        return this.command(effect.command, intent);
      case 'probe':
        return this.probe(effect.address, effect.seq);
      case 'prepare':
        return this.prepare(effect.address, effect.seq);
      case 'pullOthers':
        return this.pullOthers(effect.address);
      case 'catalogue':
        return this.keeper.refresh(this.urlOf(effect.address));
      case 'abandon':
        return this.abandon();
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

  private async probe(address: string, seq: number): Promise<void> {
    const answered = await this.machine.probe(this.urlOf(address));
    this.post({ type: 'probed', seq, answered });
  }

  private async prepare(address: string, seq: number): Promise<void> {
    const { signal } = this.machineWork;
    const url = this.urlOf(address);
    const [model] = this.models;
    if (model === undefined) throw new Error('OLLAMA_MODEL names no model');
    try {
      if (!(await this.machine.has(url, model))) {
        this.log.info({ model }, 'pulling the model');
        await this.machine.pull(url, model, (fraction) => this.post({ type: 'progressed', seq, fraction }), signal);
      }
      await this.machine.load(url, model, signal);
      await this.keeper.refresh(url);
      this.post({ type: 'prepared', seq });
    } catch (error) {
      if (signal.aborted) return;
      const fault = machineFault(error);
      this.log.warn({ model, code: fault.code }, `the model could not be made ready: ${fault.message}`);
      this.post({ type: 'prepareFailed', seq, fault });
    }
  }

  /** The further models: a convenience that must never take a serving machine down. */
  private async pullOthers(address: string): Promise<void> {
    const { signal } = this.machineWork;
    const url = this.urlOf(address);
    for (const model of this.models.slice(1)) {
      try {
        if (signal.aborted) return;
        if (await this.machine.has(url, model)) continue;
        this.log.info({ model }, 'pulling a further model');
        await this.machine.pull(url, model, () => undefined, signal);
        await this.keeper.refresh(url);
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

/** Keeps what Ollama last said about its models, for the time when the machine sleeps. Never fails anybody. */
import type { Logger } from '../../common/logging/logger.js';
import type { Catalogue, MachinePort, MachineTarget } from './ports/machine.port.js';
import type { StateStorePort } from './ports/state-store.port.js';

export class CatalogueKeeper {
  current: Catalogue | null = null;

  constructor(
    private readonly machine: MachinePort,
    private readonly store: StateStorePort,
    private readonly log: Logger,
  ) {}

  async load(): Promise<void> {
    this.current = await this.store.readCatalogue();
  }

  /** Reads it anew from the machine and stores it; on failure the old one stays. */
  async refresh(target: MachineTarget): Promise<void> {
    try {
      this.current = await this.machine.catalogue(target);
      await this.store.writeCatalogue(this.current);
    } catch (error) {
      this.log.warn({ err: error }, 'the model catalogue could not be refreshed; the last one stays');
    }
  }
}

/** What an adapter of the state store brings to its contract suite. */
import type { StateStorePort } from '../../src/modules/provisioning/ports/state-store.port.js';
import type { ManualClock } from '../support/manual-clock.js';

export interface StateStoreUnderTest {
  store: StateStorePort;
  /** Makes the next writes fail as on a full disk, until false. */
  failWrites(failing: boolean): void;
  /** The same medium as the next process finds it; the old store is closed first. */
  reopen(configuredOwner?: string): Promise<StateStorePort>;
  /** Closes everything and removes the medium. */
  dispose(): Promise<void>;
}

export type MakeStateStore = (clock: ManualClock, configuredOwner?: string) => StateStoreUnderTest;

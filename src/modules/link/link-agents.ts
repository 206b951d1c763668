/**
 * One undici agent per machine: a connection made for one is never used for another, whatever address it has. The agent of
 * a machine that was left is closed when its requests have ended.
 */
import { Agent } from 'undici';
import { isSameTarget, type MachineTarget } from '../provisioning/ports/machine.port.js';
import type { MachineLink } from './machine-link.js';

export class LinkAgents {
  /** The newest target and its agent: the hot path compares one reference. */
  private current: { target: MachineTarget; agent: Agent } | null = null;

  /** @param options of every agent beside what the link decides */
  constructor(
    private readonly link: MachineLink,
    private readonly options: Omit<Agent.Options, 'connect' | 'allowH2'>,
  ) {}

  /** The agent for this machine. @throws RangeError for a machine whose link keys are not ours */
  of(target: MachineTarget): Agent {
    const { current } = this;
    if (current?.target === target) return current.agent;
    if (current && isSameTarget(current.target, target)) return current.agent;
    // HTTP/2 would put all streams on one connection, and undici 8 turns it on by default.
    const agent = new Agent({ ...this.options, connect: this.link.connectOptions(target), allowH2: false });
    this.current = { target, agent };
    // Rejects only when it is destroyed meanwhile, which ends it as well.
    current?.agent.close().catch(() => undefined);
    return agent;
  }

  /** Breaks every request of the current machine. */
  async destroy(): Promise<void> {
    await this.current?.agent.destroy();
    this.current = null;
  }
}

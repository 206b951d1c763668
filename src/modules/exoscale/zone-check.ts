/**
 * Tells a zone that does not exist from a zone that does not answer: a mistyped EXOSCALE_ZONE looks like an outage,
 * because its host does not exist. Asks another zone, unsigned, and only when there is trouble.
 */
import type { Clock } from '../../common/time/clock.js';
import { CloudError } from '../provisioning/ports/cloud.port.js';
import type { ExoscaleClient } from './api/exoscale-client.js';
import { nameList } from './name-list.js';

/** Zones are opened and closed rarely; this only keeps a long outage from asking again and again. */
const KEPT_MS = 60_000;

export class ZoneCheck {
  private kept: { error: CloudError | null; atMs: number } | null = null;

  constructor(
    private readonly client: ExoscaleClient,
    private readonly clock: Clock,
    private readonly zone: string,
  ) {}

  /** The error `invalid_zone` with the valid names, or null when the zone exists or nobody can tell. */
  async unknownZone(): Promise<CloudError | null> {
    const nowMs = this.clock.monotonicMs();
    if (this.kept && nowMs - this.kept.atMs < KEPT_MS) return this.kept.error;
    const error = await this.ask();
    this.kept = { error, atMs: nowMs };
    return error;
  }

  /** The better explanation of a call that failed for a passing reason, where there is one. */
  async explain(error: unknown): Promise<unknown> {
    if (!(error instanceof CloudError) || error.kind !== 'transient') return error;
    // Somebody took the call, so there is such a host.
    if (error.details.ambiguous) return error;
    return (await this.unknownZone()) ?? error;
  }

  private async ask(): Promise<CloudError | null> {
    try {
      const names = (await this.client.listZones()).map((zone) => zone.name);
      if (names.length === 0 || names.includes(this.zone)) return null;
      const message = `EXOSCALE_ZONE ${this.zone} is no Exoscale zone; there are ${nameList(names)}`;
      return new CloudError('invalid', message, { code: 'invalid_zone' });
    } catch (error) {
      // The other zone is in trouble, too: then this is an outage, and the caller's error says so.
      if (error instanceof CloudError) return null;
      throw error;
    }
  }
}

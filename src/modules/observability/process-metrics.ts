/**
 * The metrics that every Node process has, under their usual names: event-loop lag, memory, CPU, garbage collection. Without
 * those whose reading walks over all connections on the event loop: with 500 streams they cost most of a scrape.
 */
import { readdir } from 'node:fs/promises';
import { collectDefaultMetrics, Gauge, type Registry } from 'prom-client';

const WALK_OVER_CONNECTIONS = [
  'nodejs_active_resources',
  'nodejs_active_resources_total',
  'nodejs_active_handles',
  'nodejs_active_handles_total',
  'nodejs_active_requests',
  'nodejs_active_requests_total',
  'process_open_fds',
];

/** Linux's list of what this process has open. */
const OPEN_FDS = '/proc/self/fd';

export function collectProcessMetrics(registry: Registry): void {
  collectDefaultMetrics({ register: registry });
  for (const name of WALK_OVER_CONNECTIONS) registry.removeSingleMetric(name);
  if (process.platform !== 'linux') return;
  new Gauge({
    name: 'process_open_fds',
    help: 'Number of open file descriptors.',
    registers: [registry],
    async collect() {
      // One of them is the one that is read.
      this.set((await readdir(OPEN_FDS)).length - 1);
    },
  });
}

/**
 * Where each metric of the table comes from. Everything is read at the scrape: no request ever waits for a metric, and
 * between two scrapes nothing here costs anything.
 */
import { Injectable } from '@nestjs/common';
import { Registry } from 'prom-client';
import { CloudConfig } from '../../common/config/classes.js';
import { Tallies } from '../../common/metrics/tallies.js';
import { ProvisioningGate } from '../provisioning/provisioning.gate.js';
import { counts, durations, exposedMetric, value, type Sample } from './exposed-metric.js';
import { gatewayVersion } from './gateway-version.js';
import { PHASES } from './lifecycle-tally.js';
import { METRICS, type MetricKey } from './metric-table.js';
import { PoolWatcher } from './pool-watcher.js';
import { eurosPerHour, PRICE_LIST } from './prices.js';
import { collectProcessMetrics } from './process-metrics.js';

type Sources = Record<MetricKey, () => Iterable<Sample>>;

@Injectable()
export class Metrics {
  private readonly registry = new Registry();

  constructor(tallies: Tallies, gate: ProvisioningGate, watcher: PoolWatcher, cloud: CloudConfig) {
    const version = gatewayVersion();
    const sources: Sources = {
      ...requestSources(tallies, gate),
      ...machineSources(gate, watcher),
      ...costSources(watcher, cloud.instanceType),
      cloudCalls: () => cloudCallSamples(tallies),
      build: () => [{ labels: { version }, value: 1 }],
    };
    for (const key of Object.keys(METRICS) as MetricKey[]) {
      this.registry.registerMetric(exposedMetric(METRICS[key], sources[key]));
    }
    collectProcessMetrics(this.registry);
  }

  get contentType(): string {
    return this.registry.contentType;
  }

  /** The text that Prometheus scrapes. */
  text(): Promise<string> {
    return this.registry.metrics();
  }
}

type RequestKey = 'requests' | 'firstByte' | 'inFlight' | 'held' | 'coldRequests' | 'upstreamErrors';

function requestSources(tallies: Tallies, gate: ProvisioningGate): Pick<Sources, RequestKey> {
  return {
    requests: () => requestSamples(tallies),
    firstByte: () => durations('route_class', tallies.requests.firstByte),
    inFlight: () => value(gate.snapshot().inFlight),
    held: () => value(gate.snapshot().held),
    // Most codes of the catalogue never are an answer to a cold request.
    coldRequests: () => [...counts('outcome', tallies.cold)].filter((sample) => sample.value > 0),
    upstreamErrors: () => counts('kind', tallies.upstreamErrors),
  };
}

type MachineKey = 'phase' | 'phaseDuration' | 'wakes' | 'timeToReady';

function machineSources(gate: ProvisioningGate, { lifecycle }: PoolWatcher): Pick<Sources, MachineKey> {
  return {
    phase: () => phaseSamples(gate.snapshot().phase),
    phaseDuration: () => durations('phase', lifecycle.phases),
    wakes: () => counts('reason', lifecycle.wakes),
    timeToReady: () => durations('kind', lifecycle.timeToReady),
  };
}

/** Without a published price there is no cost: a made-up one would be believed. */
function costSources(
  { machine }: PoolWatcher,
  instanceType: string,
): Pick<Sources, 'machineSeconds' | 'cost' | 'price'> {
  const euros = eurosPerHour(instanceType);
  const labels = { instance_type: instanceType, source: PRICE_LIST.source, as_of: PRICE_LIST.asOf };
  return {
    machineSeconds: () => value(machine.seconds()),
    cost: () => (euros === null ? [] : value((machine.seconds() / 3600) * euros)),
    price: () => (euros === null ? [] : [{ labels, value: euros }]),
  };
}

function* requestSamples({ requests }: Tallies): Generator<Sample> {
  for (const { routeClass, code, count } of requests.entries()) {
    yield { labels: { route_class: routeClass, code }, value: count };
  }
}

function* cloudCallSamples({ cloudCalls }: Tallies): Generator<Sample> {
  for (const { operation, code, count } of cloudCalls.entries()) yield { labels: { operation, code }, value: count };
}

function* phaseSamples(now: string): Generator<Sample> {
  for (const phase of PHASES) yield { labels: { phase }, value: phase === now ? 1 : 0 };
}

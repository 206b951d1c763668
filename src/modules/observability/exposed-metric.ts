/**
 * One row of the metric table as prom-client's registry reads it at a scrape. prom-client's own classes count by themselves;
 * ours are counted elsewhere, so this one only says what has been counted.
 */
import type { Metric } from 'prom-client';
import type { DurationTally } from '../../common/metrics/duration-tally.js';
import type { KindTally } from '../../common/metrics/kind-tally.js';
import type { MetricRow } from './metric-table.js';

/** One line of the exposition; `suffix` is what a histogram puts behind the name. */
export interface Sample {
  labels: Record<string, string>;
  value: number;
  suffix?: '_bucket' | '_sum' | '_count';
}

/** @param read called at each scrape */
export function exposedMetric({ name, help, type }: MetricRow, read: () => Iterable<Sample>): Metric {
  const get = () => {
    const values = Array.from(read(), ({ labels, value, suffix = '' }) => ({
      labels,
      value,
      metricName: `${name}${suffix}`,
    }));
    return Promise.resolve({ name, help, type, values });
  };
  // All that the registry asks of a metric; its types want one of the four classes of the library.
  return { name, get } as unknown as Metric;
}

/** A single value without labels. */
export function* value(number: number): Generator<Sample> {
  yield { labels: {}, value: number };
}

/** Every kind, also those that have not occurred: a series that is not there yet hides its first increase. */
export function* counts<Kind extends string>(label: string, tally: KindTally<Kind>): Generator<Sample> {
  for (const kind of tally.kinds) yield { labels: { [label]: kind }, value: tally.count(kind) };
}

/** The series of a histogram, for each kind that has occurred. */
export function* durations<Kind extends string>(label: string, tally: DurationTally<Kind>): Generator<Sample> {
  for (const kind of tally.kinds) {
    const { cumulative, count, sumSec } = tally.summary(kind);
    if (count === 0) continue;
    const labels = { [label]: kind };
    for (const [index, bound] of tally.boundsSec.entries()) {
      yield { suffix: '_bucket', labels: { ...labels, le: String(bound) }, value: cumulative[index] ?? 0 };
    }
    yield { suffix: '_bucket', labels: { ...labels, le: '+Inf' }, value: count };
    yield { suffix: '_sum', labels, value: sumSec };
    yield { suffix: '_count', labels, value: count };
  }
}

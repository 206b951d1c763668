/**
 * Durations of a closed list of kinds, sorted into buckets as they come: the memory of a histogram without any metrics
 * library on the way of a request.
 */
export interface DurationSummary {
  /** How many were at most as long as the bound of the same index; grows along the bounds. */
  cumulative: number[];
  count: number;
  sumSec: number;
}

interface Series {
  /** One bucket per bound, and one for what is longer than all of them. */
  readonly buckets: Float64Array;
  sumSec: number;
}

export class DurationTally<Kind extends string> {
  private readonly series: Record<Kind, Series>;

  /** @param boundsSec upper bounds of the buckets, ascending */
  constructor(
    readonly kinds: readonly Kind[],
    readonly boundsSec: readonly number[],
  ) {
    const empty = (): Series => ({ buckets: new Float64Array(boundsSec.length + 1), sumSec: 0 });
    this.series = Object.fromEntries(kinds.map((kind) => [kind, empty()])) as Record<Kind, Series>;
  }

  observe(kind: Kind, sec: number): void {
    const series = this.series[kind];
    let bucket = 0;
    while (bucket < this.boundsSec.length && sec > (this.boundsSec[bucket] as number)) bucket += 1;
    (series.buckets[bucket] as number) += 1;
    series.sumSec += sec;
  }

  summary(kind: Kind): DurationSummary {
    const { buckets, sumSec } = this.series[kind];
    let count = 0;
    const cumulative = Array.from(buckets, (inBucket) => (count += inBucket));
    return { cumulative: cumulative.slice(0, -1), count, sumSec };
  }
}

/** The metrics over a whole lifecycle: fakes of cloud and machine, a clock that the test moves. */
import { afterEach, describe, expect, it } from '@jest/globals';
import { lifecycleSuite, MIN, SEC } from '../../../test/support/lifecycle-suite.js';
import type { Gateway } from '../../../test/support/pool-harness.js';
import { CloudConfig } from '../../common/config/classes.js';
import type { Logger } from '../../common/logging/logger.js';
import { Tallies } from '../../common/metrics/tallies.js';
import { METRICS } from './metric-table.js';
import { Metrics } from './metrics.js';
import { PoolWatcher } from './pool-watcher.js';

const { begin, another } = lifecycleSuite();
const quiet = () => undefined;
const log: Logger = { debug: quiet, info: quiet, warn: quiet, error: quiet };

const watchers: PoolWatcher[] = [];
afterEach(() => Promise.all(watchers.splice(0).map((watcher) => watcher.onModuleDestroy())));

/** What a scrape shows: names with labels, and values. */
class Scrape {
  readonly series: Map<string, number>;

  constructor(readonly text: string) {
    const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    this.series = new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.split(' ').at(-1))]));
  }

  value(name: string): number | undefined {
    return this.series.get(`ollama_gateway_${name}`);
  }
}

function observe({ service, control, world }: Gateway, instanceType = 'a5000.small') {
  const tallies = new Tallies();
  const watcher = new PoolWatcher(service, control, world.clock, log);
  watcher.onModuleInit();
  watchers.push(watcher);
  const metrics = new Metrics(tallies, service, watcher, Object.assign(new CloudConfig(), { instanceType }));
  return { tallies, scrape: async () => new Scrape(await metrics.text()) };
}

async function coldStart(gateway: Gateway): Promise<void> {
  await gateway.cold();
  await gateway.until('ready');
}

describe('after a cold start', () => {
  it('the phases, the wake and the time to ready are there', async () => {
    const { gateway } = await begin();
    const { scrape } = observe(gateway);
    await coldStart(gateway);
    const now = await scrape();
    expect(now.value('phase{phase="ready"}')).toBe(1);
    expect(now.value('phase{phase="absent"}')).toBe(0);
    expect(now.value('wakes_total{reason="request"}')).toBe(1);
    expect(now.value('phase_duration_seconds_count{phase="booting"}')).toBe(1);
    const tookSec = (gateway.control.record().lastCreateMs ?? 0) / 1000;
    expect(now.value('time_to_ready_seconds_sum{kind="create"}')).toBeCloseTo(tookSec);
    expect(now.value('time_to_ready_seconds_bucket{kind="create",le="5"}')).toBe(0);
    expect(now.value('time_to_ready_seconds_bucket{kind="create",le="+Inf"}')).toBe(1);
  });

  it('the machine costs its price for as long as it runs, and nothing once it is stopped', async () => {
    const { gateway, world } = await begin({ lifecycle: { unclaimedSec: 60 } });
    const { scrape } = observe(gateway);
    await coldStart(gateway);
    const before = await scrape();
    await gateway.pass(30 * SEC);
    const after = await scrape();
    expect(Number(after.value('machine_seconds_total')) - Number(before.value('machine_seconds_total'))).toBe(30);
    await gateway.until('stopped', 5 * MIN);
    const stopped = await scrape();
    await gateway.pass(60 * MIN);
    const later = await scrape();
    expect(later.value('machine_seconds_total')).toBe(stopped.value('machine_seconds_total'));
    const euros = (Number(later.value('machine_seconds_total')) / 3600) * 1.34028;
    expect(later.value('estimated_cost_euros_total')).toBeCloseTo(euros);
    expect(later.text).toContain(
      'price_euros_per_hour{instance_type="a5000.small",source="opencompute",as_of="2026-10"} 1.34028',
    );
    expect(world.cloud.machines()).toHaveLength(1);
  });

  it('an instance type without a published price has no cost at all', async () => {
    const { gateway } = await begin();
    const { scrape } = observe(gateway, 'b300.huge');
    await coldStart(gateway);
    const now = await scrape();
    expect(now.value('machine_seconds_total')).toBeGreaterThan(0);
    expect([...now.series.keys()].filter((name) => /euros/.test(name))).toEqual([]);
  });

  it('an operator who woke it is the reason', async () => {
    const { gateway } = await begin();
    const { scrape } = observe(gateway);
    await gateway.control.wake('admin@127.0.0.1');
    await gateway.until('ready');
    const now = await scrape();
    expect(now.value('wakes_total{reason="operator"}')).toBe(1);
    expect(now.value('wakes_total{reason="request"}')).toBe(0);
  });
});

describe('after a restart', () => {
  it('nothing that an earlier process has counted is counted again', async () => {
    const { gateway, world } = await begin();
    await coldStart(gateway);
    gateway.kill();
    const next = await another(world);
    const { scrape } = observe(next);
    await next.until('ready');
    const now = await scrape();
    expect(now.value('wakes_total{reason="request"}')).toBe(0);
    expect(now.value('time_to_ready_seconds_count{kind="create"}')).toBeUndefined();
    expect(now.value('phase_duration_seconds_count{phase="absent"}')).toBeUndefined();
  });
});

describe('the exposition', () => {
  it('has every metric of the table with its type and its sentence', async () => {
    const { gateway } = await begin();
    const { text } = await observe(gateway).scrape();
    for (const { name, type, help } of Object.values(METRICS)) {
      expect(text).toContain(`# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`);
    }
  });

  it('has event-loop lag and the process under the names that every Node process has', async () => {
    const { gateway } = await begin();
    const { text } = await observe(gateway).scrape();
    for (const name of ['nodejs_eventloop_lag_p99_seconds', 'process_resident_memory_bytes', 'process_open_fds']) {
      expect(text).toContain(`\n${name} `);
    }
  });

  it('is bounded: whatever is counted, there are only so many series', async () => {
    const { gateway } = await begin();
    const { tallies, scrape } = observe(gateway);
    for (const routeClass of tallies.requests.firstByte.kinds) {
      tallies.requests.firstByte.observe(routeClass, 1);
      for (let status = -50; status < 2000; status += 1) tallies.requests.ended(routeClass, status);
    }
    for (const kind of tallies.cold.kinds) tallies.cold.add(kind);
    for (let i = 0; i < 5000; i += 1) tallies.cloudCalls.ended(`/instance/${i}`, i);
    const { series } = await scrape();
    // 9 classes of 501 codes, 20 operations of 503 codes at most, of which this has made one.
    expect(series.size).toBeLessThan(9 * 501 + 503 + 9 * 18 + 300);
    expect([...series.keys()].filter((name) => name.includes('/'))).toEqual([]);
  });
});

describe('the table of metrics', () => {
  it.each(Object.values(METRICS))('$name keeps to the naming rules of Prometheus', ({ name, type, unit, help }) => {
    expect(name).toMatch(/^ollama_gateway_[a-z_]+$/);
    expect(name.endsWith('_total')).toBe(type === 'counter');
    if (unit !== '–') expect(name).toContain(`_${unit}`);
    expect(help).toMatch(/^[A-Z].*[^.]\.$/);
  });
});

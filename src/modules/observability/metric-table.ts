/**
 * The one table of the gateway's metrics: what Prometheus reads, docs/metrics.md (generated) and the registry are made of it.
 * Every label has a closed list of values, or one that the configuration fixes: no client can add a series.
 */
import { CLOUD_OPERATIONS } from '../../common/metrics/cloud-call-tally.js';
import { ROUTE_CLASSES } from '../../common/metrics/request-tally.js';
import { UPSTREAM_ERRORS } from '../../common/metrics/tallies.js';
import { BRING_UPS, PHASES, WAKE_REASONS } from './lifecycle-tally.js';

type MetricType = 'counter' | 'gauge' | 'histogram';

export interface MetricRow {
  name: string;
  type: MetricType;
  /** What the value is measured in; `–` for a count. */
  unit: 'seconds' | 'euros' | '–';
  /** One sentence. */
  help: string;
  /** What each label may be: a closed list, or a sentence where the list is another document's. */
  labels: Readonly<Record<string, readonly string[] | string>>;
}

const STATUS = 'HTTP status';
const CODE = 'a code of [errors.md](errors.md)';

const rows = {
  requests: {
    name: 'ollama_gateway_requests_total',
    type: 'counter',
    unit: '–',
    help: 'Requests of the public listener that have ended.',
    labels: { route_class: ROUTE_CLASSES, code: `${STATUS}; \`none\` when the client left before an answer` },
  },
  firstByte: {
    name: 'ollama_gateway_time_to_first_byte_seconds',
    type: 'histogram',
    unit: 'seconds',
    help: 'From the arrival of a request that reached the machine to the head of its answer, a hold included.',
    labels: { route_class: ROUTE_CLASSES },
  },
  inFlight: {
    name: 'ollama_gateway_in_flight_requests',
    type: 'gauge',
    unit: '–',
    help: 'Requests that the machine is working on.',
    labels: {},
  },
  held: {
    name: 'ollama_gateway_held_requests',
    type: 'gauge',
    unit: '–',
    help: 'Requests that are held until the machine is ready.',
    labels: {},
  },
  coldRequests: {
    name: 'ollama_gateway_cold_requests_total',
    type: 'counter',
    unit: '–',
    help: 'Requests that met a machine which was not ready, by what they got.',
    labels: { outcome: `\`served\` after a hold, \`answered_asleep\`, \`left\`, or ${CODE}` },
  },
  upstreamErrors: {
    name: 'ollama_gateway_upstream_errors_total',
    type: 'counter',
    unit: '–',
    help: 'Forwarded requests that the machine failed: before the first byte, or in the middle of the answer.',
    labels: { kind: UPSTREAM_ERRORS },
  },
  phase: {
    name: 'ollama_gateway_phase',
    type: 'gauge',
    unit: '–',
    help: 'State set of the machine: 1 for the phase that it is in, 0 for the others.',
    labels: { phase: PHASES },
  },
  phaseDuration: {
    name: 'ollama_gateway_phase_duration_seconds',
    type: 'histogram',
    unit: 'seconds',
    help: 'How long the machine was in a phase that it has left.',
    labels: { phase: PHASES },
  },
  wakes: {
    name: 'ollama_gateway_wakes_total',
    type: 'counter',
    unit: '–',
    help: 'Bring-ups of a machine that were begun, by what began them.',
    labels: { reason: WAKE_REASONS },
  },
  timeToReady: {
    name: 'ollama_gateway_time_to_ready_seconds',
    type: 'histogram',
    unit: 'seconds',
    help: 'From the beginning of a bring-up to ready, for new machines and for stopped ones.',
    labels: { kind: BRING_UPS },
  },
  cloudCalls: {
    name: 'ollama_gateway_cloud_calls_total',
    type: 'counter',
    unit: '–',
    help: 'Calls of the Exoscale API, each attempt of its own.',
    labels: { operation: [...CLOUD_OPERATIONS, 'other'], code: `${STATUS}, \`timeout\` or \`network\`` },
  },
  machineSeconds: {
    name: 'ollama_gateway_machine_seconds_total',
    type: 'counter',
    unit: 'seconds',
    help: 'Time for which the machine was billed while this process watched, from the accepted start to the confirmed stop.',
    labels: {},
  },
  cost: {
    name: 'ollama_gateway_estimated_cost_euros_total',
    type: 'counter',
    unit: 'euros',
    help: 'Machine seconds times the published price of the instance type; no disk, no traffic, no discount.',
    labels: {},
  },
  price: {
    name: 'ollama_gateway_price_euros_per_hour',
    type: 'gauge',
    unit: 'euros',
    help: 'The published price that the estimate uses, with its source and date.',
    labels: {
      instance_type: 'the configured type',
      source: 'where the price was published',
      as_of: 'month of that list',
    },
  },
  build: {
    name: 'ollama_gateway_build_info',
    type: 'gauge',
    unit: '–',
    help: 'Always 1; the version of the gateway is its label.',
    labels: { version: 'of package.json' },
  },
} as const satisfies Record<string, MetricRow>;

export type MetricKey = keyof typeof rows;

/** In the order of docs/metrics.md. */
export const METRICS: Readonly<Record<MetricKey, MetricRow>> = rows;

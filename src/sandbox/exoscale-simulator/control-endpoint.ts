/**
 * The control over HTTP: `POST /_control/<method>` with a JSON array of arguments, or GET without any. The methods are
 * those of SimulatorControl, so both ways have one description.
 */
import { ApiError } from './api-error.js';
import { INSTANCE_STATES } from './instance.js';
import type { SimulatorControl } from './simulator-control.js';

export const CONTROL_PREFIX = '/_control/';

const METHODS: ReadonlySet<string> = new Set<keyof SimulatorControl>([
  'fault',
  'faults',
  'clearFaults',
  'setQuota',
  'setAuthorized',
  'setListLagMs',
  'setOperationMs',
  'instances',
  'addInstance',
  'startByHand',
  'stopByHand',
  'deleteByHand',
  'setState',
  'calls',
  'countCalls',
  'billed',
  'maxConcurrentBilled',
]);

/** Answers `{"result": …}`. @throws ApiError for an unknown method or arguments that are no array */
export async function callControl(control: SimulatorControl, name: string, body: Buffer): Promise<object> {
  if (!METHODS.has(name)) throw ApiError.classic(404, `no such control; there are ${[...METHODS].join(', ')}`);
  const args = readArguments(body);
  if (name === 'setState' && !INSTANCE_STATES.some((state) => state === args[1])) {
    throw ApiError.classic(400, `the state must be one of ${INSTANCE_STATES.join(', ')}`);
  }
  const methods = control as unknown as Record<string, (...values: unknown[]) => unknown>;
  const result = await methods[name]?.(...args);
  return { result: result ?? null };
}

function readArguments(body: Buffer): unknown[] {
  if (body.length === 0) return [];
  try {
    const args: unknown = JSON.parse(body.toString());
    if (Array.isArray(args)) return args as unknown[];
  } catch {
    // Falls through: the answer is the same as for JSON that is no array.
  }
  throw ApiError.classic(400, 'the body must be a JSON array of arguments');
}

import { startSimulatedAccount } from '../support/simulated-account.js';
import { type CloudHarness, describeCloudContract, type FaultyCall } from './cloud.contract.js';

const OPERATIONS: Record<FaultyCall, string> = {
  create: 'create-instance',
  start: 'start-instance',
  stop: 'stop-instance',
  destroy: 'delete-instance',
};

/** As the API words these refusals (exoscale-api.md §3.2). */
const REFUSALS = {
  quota: { status: 409, body: { message: 'Quota exceeded for resource: instance' } },
  capacity: { status: 412, body: { title: 'Precondition Failed', detail: 'Insufficient capacity' } },
  auth: { status: 403, body: { message: 'Invalid request signature' } },
};

async function harness(): Promise<CloudHarness> {
  const account = await startSimulatedAccount();
  const { cloud, control, clock } = account;
  return {
    cloud,
    settle: () => clock.advance(10_000),
    add: ({ name, pool, owner, fingerprint }) => {
      if (pool === null) return control.addInstance({ name });
      const labels: Record<string, string> = { 'managed-by': 'ollama-exoscale', pool, owner: owner ?? '' };
      return control.addInstance({ name, labels: fingerprint ? { ...labels, fingerprint } : labels });
    },
    stopByHand: (id) => control.stopByHand(id),
    deleteByHand: (id) => control.deleteByHand(id),
    refuseNext: (call, kind) =>
      control.fault({ operation: OPERATIONS[call], times: 1, kind: 'status', ...REFUSALS[kind] }),
    loseAnswer: (call) => control.fault({ operation: OPERATIONS[call], times: 1, kind: 'reset-after' }),
    failJob: (call) => {
      const result = { state: 'failure', reason: 'unavailable', message: 'no host' } as const;
      control.fault({ operation: OPERATIONS[call], times: 1, kind: 'operation', result });
    },
    close: () => account.close(),
  };
}

describeCloudContract('ExoscaleCloud against the simulator', harness);

/**
 * Deletes what a run of the probe has made, found by its label and its name, so that nothing is missed that was made by a
 * call whose answer was lost. Runs also after a failure and when the person leaves.
 */
import { CloudError } from '../../provisioning/ports/cloud.port.js';
import type { ApiInstance } from '../api/api-types.js';
import type { ProbeSession } from './probe-session.js';

/** Not the label of the gateway: no gateway may take a probe for its machine. */
export function probeLabels(runId: string): Record<string, string> {
  return { 'managed-by': 'ollama-exoscale-probe', probe: runId };
}

export function probeGroupName(runId: string): string {
  return `ollama-exoscale-probe-${runId}`;
}

const ATTEMPTS = 30;
const PAUSE_MS = 10_000;

/**
 * Resolves with a line per thing that could not be deleted; empty when nothing is left.
 * @param session must not be the aborted one of the run
 */
export async function cleanUp(session: ProbeSession): Promise<string[]> {
  let left: string[] = [];
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    left = await deleteOnce(session);
    if (left.length === 0) return left;
    await session.pause(PAUSE_MS);
  }
  return left;
}

/**
 * One attempt at everything. A machine in the middle of a job has to be tried again; one that is not listed yet keeps the
 * group in use, so that the group stays and brings the next attempt.
 */
async function deleteOnce(session: ProbeSession): Promise<string[]> {
  const { client, parts } = session;
  const left: string[] = [];
  const attempt = async (what: string, call: () => Promise<unknown>) => {
    try {
      await call();
    } catch (error) {
      if (!(error instanceof CloudError)) throw error;
      if (error.kind !== 'not_found') left.push(`${what}: ${error.message}`);
    }
  };
  await attempt('the list of instances', async () => {
    for (const { id = '' } of (await client.listInstances()).filter((one) => isOfRun(one, parts.runId))) {
      await attempt(`instance ${id}`, () => session.carryOut(() => client.deleteInstance(id)));
    }
  });
  await attempt('the list of security groups', async () => {
    const groups = (await client.listSecurityGroups()).filter((one) => one.name === probeGroupName(parts.runId));
    for (const { id = '' } of groups) {
      await attempt(`security group ${id}`, () => session.carryOut(() => client.deleteSecurityGroup(id)));
    }
  });
  return left;
}

function isOfRun(instance: ApiInstance, runId: string): boolean {
  return instance.labels?.probe === runId && instance.labels['managed-by'] === probeLabels(runId)['managed-by'];
}

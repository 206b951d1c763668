/**
 * The questions that need a machine: makes one of a cheap CPU type, leads it through its states and asks at each.
 * What is made carries the labels of the run; deleting it is the business of `probe-cleanup.ts`.
 */
import type { NewInstance } from '../api/api-types.js';
import type { InstanceType } from '../instance-type-resolver.js';
import { resolveTemplate } from '../template-resolver.js';
import { probeGroupName, probeLabels } from './probe-cleanup.js';
import type { ProbeSession } from './probe-session.js';

/** Powers the guest off two minutes after its first boot; the comment is what the event log is searched for. */
const MARKER = 'ollama-exoscale-probe-marker';
const USER_DATA = Buffer.from(`#!/bin/sh\n# ${MARKER}\nshutdown -P +2\n`).toString('base64');

const LIST_TIMEOUT_MS = 60_000;
const POWER_OFF_TIMEOUT_MS = 360_000;
const DELETE_TIMEOUT_MS = 300_000;

export async function probeMachine(session: ProbeSession, type: InstanceType): Promise<void> {
  const id = await create(session, type);
  await askWhileStopped(session, id);
  await askWhileRunning(session, id);
  await askAboutPowerOff(session, id);
  await askAboutAddress(session, id);
  await askAboutDelete(session, id);
  await askAboutEvents(session);
}

async function create(session: ProbeSession, type: InstanceType): Promise<string> {
  const { client, parts } = session;
  const usageBefore = await instanceUsage(session);
  const name = probeGroupName(parts.runId);
  let groupId = '';
  await session.carryOut(async () => {
    const operation = await client.createSecurityGroup({ name, description: 'Probe, to be deleted' });
    groupId = operation.reference?.id ?? '';
    return operation;
  });
  const template = await resolveTemplate(client, parts.settings.template);
  const instance: NewInstance = {
    name: `olgw-probe-${parts.runId}`,
    'instance-type': { id: type.id },
    template: { id: template.id },
    'disk-size': 10,
    'security-groups': [{ id: groupId }],
    'public-ip-assignment': 'inet4',
    'auto-start': false,
    labels: probeLabels(parts.runId),
    'user-data': USER_DATA,
  };
  parts.say(`Making a ${type.name}`);
  let id = '';
  const createdSec = await session.carryOut(async () => {
    const operation = await client.createInstance(instance);
    id = operation.reference?.id ?? '';
    await noteListLag(session, id);
    const state = (await client.getInstance(id))?.state ?? 'not found';
    session.note('link §1.11.2', 'State while a create with auto-start false is pending', state);
    return operation;
  });
  const settled = await client.getInstance(id);
  session.note('link §1.11.2', 'State after the create', `${settled?.state} after ${createdSec} s`);
  session.note('exoscale-api §4', 'Address before the first start', settled?.['public-ip'] ?? 'none');
  const usage = await instanceUsage(session);
  session.note('exoscale-api §9.8', 'Quota `instance` before the create, and stopped', `${usageBefore}, ${usage}`);
  return id;
}

async function noteListLag(session: ProbeSession, id: string): Promise<void> {
  const beginMs = session.parts.clock.monotonicMs();
  const lagMs = () => Math.round(session.parts.clock.monotonicMs() - beginMs);
  while (!(await session.client.listInstances()).some((one) => one.id === id)) {
    if (lagMs() > LIST_TIMEOUT_MS) return session.note('link §1.11.5', 'Listed after a create', 'not within a minute');
    await session.pause(250);
  }
  session.note('link §1.11.5', 'Listed after a create', `within ${lagMs()} ms`);
}

async function askWhileStopped(session: ProbeSession, id: string): Promise<void> {
  const { client } = session;
  session.note('link §1.11.5', 'Stop of a stopped machine', await session.outcome(() => client.stopInstance(id)));
  const { runId } = session.parts;
  for (const labels of [`probe=${runId}`, `probe:${runId}`, JSON.stringify({ probe: runId })]) {
    const found = await countFiltered(session, labels);
    session.note('exoscale-api §9.6, link §1.11.8', `Filter labels=${labels}`, found);
  }
  const changed = await session.outcome(() =>
    session.carryOut(() => client.updateInstance(id, { 'user-data': USER_DATA })),
  );
  session.note('link §1.11.6', 'New user-data while stopped', changed);
}

async function askWhileRunning(session: ProbeSession, id: string): Promise<void> {
  const { client } = session;
  session.parts.say('Starting it');
  const startedSec = await session.carryOut(async () => {
    const operation = await client.startInstance(id);
    session.note('exoscale-api §3.1', 'Start while starting', await session.outcome(() => client.startInstance(id)));
    return operation;
  });
  session.note('exoscale-api §5.4', 'Time of a first start', `${startedSec} s`);
  session.note('link §1.11.5', 'Start of a running machine', await session.outcome(() => client.startInstance(id)));
  const changed = await session.outcome(() =>
    session.carryOut(() => client.updateInstance(id, { 'user-data': USER_DATA })),
  );
  session.note('link §1.11.6', 'New user-data while running', changed);
}

async function askAboutPowerOff(session: ProbeSession, id: string): Promise<void> {
  session.parts.say('Waiting for the guest to power itself off (about three minutes)');
  const tookMs = await session.watch(id, (one) => one?.state !== 'running', POWER_OFF_TIMEOUT_MS);
  const state = (await session.client.getInstance(id))?.state;
  const answer = tookMs === null ? `still ${state} after six minutes` : `${state} after ${Math.round(tookMs / 1000)} s`;
  session.note('link §1.11.4', 'State after the guest powered itself off', answer);
}

async function askAboutAddress(session: ProbeSession, id: string): Promise<void> {
  const { client } = session;
  const before = await client.getInstance(id);
  if (before?.state === 'running') {
    const stoppedSec = await session.carryOut(() => client.stopInstance(id));
    session.note('exoscale-api §5.4', 'Time of a stop', `${stoppedSec} s`);
  }
  const startedSec = await session.carryOut(() => client.startInstance(id));
  session.note('exoscale-api §5.4', 'Time of a second start', `${startedSec} s`);
  const after = await client.getInstance(id);
  const same = before?.['public-ip'] === after?.['public-ip'];
  session.note('exoscale-api §9.3, link §1.11.9', 'Address over stop and start', same ? 'the same' : 'another one');
}

async function askAboutDelete(session: ProbeSession, id: string): Promise<void> {
  const { client } = session;
  const deletedSec = await session.carryOut(() => client.deleteInstance(id));
  const goneMs = await session.watch(id, (one) => one === null, DELETE_TIMEOUT_MS);
  const gone = goneMs === null ? 'and is still there' : 'and is gone';
  session.note('exoscale-api §3.1', 'Delete of a running machine', `done after ${deletedSec} s ${gone}`);
}

async function askAboutEvents(session: ProbeSession): Promise<void> {
  let text = '';
  const read = async () => {
    const call = { operation: 'list-events', kind: 'read', method: 'GET', path: '/event', signed: true } as const;
    text = JSON.stringify(await session.transport.send(call));
  };
  const answer = await session.outcome(read);
  const kept = text.includes(MARKER) || text.includes(USER_DATA) ? 'yes' : 'no';
  session.note('link §1.11.7', 'User-data in the event log', answer === 'accepted' ? kept : answer);
}

async function instanceUsage(session: ProbeSession): Promise<string> {
  const quota = (await session.client.listQuotas()).find((one) => one.resource === 'instance');
  return quota ? String(quota.usage) : 'unknown';
}

async function countFiltered(session: ProbeSession, labels: string): Promise<string> {
  let count = 0;
  const call = { operation: 'list-instances', kind: 'read', method: 'GET', path: '/instance', signed: true } as const;
  const answer = await session.outcome(async () => {
    const { instances } = await session.transport.send({ ...call, query: { labels } });
    count = Array.isArray(instances) ? instances.length : 0;
  });
  const all = (await session.client.listInstances()).length;
  return answer === 'accepted' ? `${count} of ${all} instances` : answer;
}

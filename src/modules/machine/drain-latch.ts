/**
 * What the gateway tells a machine's front and asks it: the drain latch, the requests in progress, and what the dead-man
 * timer must know (coordination-and-link.md §2.5). These paths are never reached by clients.
 */
import type { Clock } from '../../common/time/clock.js';
import { type Instructions, MachineError, type MachineTarget } from '../provisioning/ports/machine.port.js';
import type { OllamaHttp, Question } from './ollama-http.js';

const TIMEOUT_MS = 5_000;
/** A request that was being refused while it was counted is gone by then. */
const SECOND_LOOK_MS = 200;
/** What nginx writes down as in progress while it answers this question. */
const OWN_REQUESTS = 1;

/** See MachinePort.latch. */
export async function latchMachine(http: OllamaHttp, clock: Clock, target: MachineTarget): Promise<number | null> {
  const status = await tell(http, target, { method: 'PUT', path: '/__link/drain', body: '' });
  if (status === 404 || status === 405) return null;
  expectDone(target, status);
  const first = await requestsInProgress(http, target);
  if (first === 0) return 0;
  await clock.sleep(SECOND_LOOK_MS);
  return Math.min(first, await requestsInProgress(http, target));
}

/** See MachinePort.unlatch. A latch that is not there is no fault. */
export async function unlatchMachine(http: OllamaHttp, target: MachineTarget): Promise<void> {
  await remove(http, target, '/__link/drain');
}

/** See MachinePort.instruct. A machine of an older release knows none of this: it keeps the timer it was made with. */
export async function instructMachine(
  http: OllamaHttp,
  target: MachineTarget,
  { idleTimeoutSec, keepAwakeUntilMs }: Instructions,
): Promise<void> {
  await remove(http, target, '/__link/drain');
  const idle = await tell(http, target, { method: 'PUT', path: '/__link/idle-timeout', body: `${idleTimeoutSec}\n` });
  if (idle === 404 || idle === 405) return;
  expectDone(target, idle);
  if (keepAwakeUntilMs === null) return remove(http, target, '/__link/keep-awake');
  const body = `${Math.ceil(keepAwakeUntilMs / 1000)}\n`;
  expectDone(target, await tell(http, target, { method: 'PUT', path: '/__link/keep-awake', body }));
}

/** Of all connections those with a request that has been read and not fully answered: `Writing` of stub_status. */
async function requestsInProgress(http: OllamaHttp, target: MachineTarget): Promise<number> {
  const { status, text } = await http.ask(target, { method: 'GET', path: '/__link/status' }, { timeoutMs: TIMEOUT_MS });
  const writing = /Writing: (\d+)/.exec(text ?? '')?.[1];
  if (status !== 200 || writing === undefined) throw unexpected(target, status);
  return Math.max(0, Number(writing) - OWN_REQUESTS);
}

async function remove(http: OllamaHttp, target: MachineTarget, path: string): Promise<void> {
  const status = await tell(http, target, { method: 'DELETE', path });
  if (status !== 404 && status !== 405) expectDone(target, status);
}

async function tell(http: OllamaHttp, target: MachineTarget, question: Question): Promise<number> {
  const { status } = await http.ask(target, question, { timeoutMs: TIMEOUT_MS });
  return status;
}

function expectDone(target: MachineTarget, status: number): void {
  if (status < 200 || status > 299) throw unexpected(target, status);
}

function unexpected(target: MachineTarget, status: number): MachineError {
  return new MachineError('unreachable', `The front of the machine at ${target.url} answered with status ${status}.`);
}

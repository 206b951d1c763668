/**
 * `npm run probe:live`: answers on a real account what no document says (exoscale-api.md §9, coordination-and-link.md
 * §1.11). Spends a few cents, asks before it does, and deletes what it made whatever happens.
 */
import { CloudError } from '../../provisioning/ports/cloud.port.js';
import { InstanceTypeResolver } from '../instance-type-resolver.js';
import { ZoneCheck } from '../zone-check.js';
import { OPEN_QUESTIONS, tableOf } from './answers.js';
import { cleanUp } from './probe-cleanup.js';
import { probeMachine } from './probe-machine.js';
import { ProbeSession, type SessionParts } from './probe-session.js';
import { probeRateLimit, probeSignatures } from './probe-signatures.js';

export interface LiveProbeOptions extends SessionParts {
  /** `family.size` of a CPU type. */
  typeName: string;
  /** Asks the person; true means go on. */
  confirm: (question: string) => Promise<boolean>;
}

/** Resolves with the exit code: 0 = all asked, 1 = failed or left early, 2 = nothing begun, 3 = something is left over. */
export async function runLiveProbe(options: LiveProbeOptions): Promise<0 | 1 | 2 | 3> {
  const { settings, say, typeName } = options;
  const session = new ProbeSession(options);
  const zoneCheck = new ZoneCheck(session.client, options.clock, settings.zone);
  const type = await new InstanceTypeResolver(session.client, zoneCheck, settings.zone).resolve(typeName);
  if (type.gpu) {
    say(`${type.name} has a GPU: the probe takes CPU types only, such as standard.tiny`);
    return 2;
  }
  const question = `This makes one ${type.name} with 10 GiB in ${settings.zone} for about ten minutes. Go on?`;
  if (!(await options.confirm(question))) return 2;

  const failure = await ask(session, () => probeMachine(session, type));
  say('Deleting what was made');
  const left = await cleanUp(new ProbeSession({ ...options, signal: new AbortController().signal }));
  say(`\n${tableOf([...session.answers, ...OPEN_QUESTIONS])}`);
  if (failure !== null) say(`\nThe probe ended early: ${failure}`);
  if (left.length === 0) return failure === null ? 0 : 1;
  say(`\nCOULD NOT DELETE, and this may cost money until you do it by hand:\n${left.join('\n')}`);
  return 3;
}

/** Asks everything; resolves with the reason where it could not go on. */
async function ask(session: ProbeSession, probeWithMachine: () => Promise<void>): Promise<string | null> {
  try {
    await probeSignatures(session);
    await probeRateLimit(session);
    await probeWithMachine();
    return null;
  } catch (error) {
    if (session.parts.signal.aborted) return 'interrupted';
    return error instanceof CloudError ? error.message : String(error);
  }
}

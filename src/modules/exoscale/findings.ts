/** The sentences of the pre-flight, made of what was read. Pure. */
import type { ErrorCode } from '../../common/errors/catalogue.js';
import type { CloudFinding } from '../provisioning/ports/cloud.port.js';
import type { ApiInstance, ApiQuota } from './api/api-types.js';
import { isManaged, isOfPool } from './instance-labels.js';

type Check = CloudFinding['check'];

/** Beyond a minute the clock should be mended; ten minutes late, every signature is expired when it is made (§1.2). */
const CLOCK_WARNING_MS = 60_000;
const CLOCK_ERROR_MS = 600_000;

export function ok(check: Check, message: string): CloudFinding {
  return { check, level: 'ok', code: null, message };
}

export function warning(check: Check, message: string): CloudFinding {
  return { check, level: 'warning', code: null, message };
}

export function error(check: Check, code: ErrorCode, message: string): CloudFinding {
  return { check, level: 'error', code, message };
}

/** @param offsetMs how far the API's clock is ahead of ours; null when it has not told its time */
export function clockFinding(offsetMs: number | null): CloudFinding {
  if (offsetMs === null) return warning('clock', 'the API has not told its time');
  const seconds = Math.round(Math.abs(offsetMs) / 1000);
  const text = `this host is ${seconds} s ${offsetMs >= 0 ? 'behind' : 'ahead of'} the API`;
  if (offsetMs >= CLOCK_ERROR_MS) return error('clock', 'auth', `${text}: set its clock, or every call is refused`);
  if (Math.abs(offsetMs) >= CLOCK_WARNING_MS) return warning('clock', `${text}: set its clock`);
  return ok('clock', text);
}

/** A quota of zero never gets here: the type check refuses it. */
export function quotaFinding(family: string, quota: ApiQuota | null): CloudFinding {
  if (!quota) return ok('quota', `${family} has no quota of its own`);
  const { usage = 0, limit = -1 } = quota;
  if (limit < 0) return ok('quota', `${family} is unlimited`);
  const text = `${family}: ${usage} of ${limit} in use`;
  return usage >= limit ? warning('quota', `${text}; another machine may be refused`) : ok('quota', text);
}

export interface PoolIdentity {
  pool: string;
  owner: string;
  adoptName: string | null;
}

/** What the account holds of this pool already, and whose it is. */
export function leftovers(instances: readonly ApiInstance[], identity: PoolIdentity): CloudFinding[] {
  const { pool, adoptName } = identity;
  const findings = instances.filter((one) => isOfPool(one, pool)).map((one) => leftover(one, identity));
  const named = instances.filter((one) => adoptName !== null && !isManaged(one) && one.name === adoptName);
  if (named.length > 1) {
    const text = `${named.length} unlabelled instances are named ${adoptName}, so none is adopted`;
    findings.push(error('leftovers', 'adopt_ambiguous', text));
  }
  return findings.length > 0 ? findings : [ok('leftovers', `no machine of pool ${pool}`)];
}

function leftover(instance: ApiInstance, { pool, owner }: PoolIdentity): CloudFinding {
  const text = `instance ${instance.id} (${instance.name ?? 'unnamed'}, ${instance.state})`;
  const theirs = instance.labels?.owner;
  if (theirs === owner) return ok('leftovers', `${text} is ours: the gateway goes on with it`);
  return error('leftovers', 'pool_in_use', `${text} of pool ${pool} belongs to owner ${theirs ?? 'nobody'}`);
}

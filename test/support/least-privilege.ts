/** The policy that operators are told to give the key (docs/iam-policy.json), for suites that live under it. */
import { readFileSync } from 'node:fs';
import type { IamPolicy } from '../../src/sandbox/exoscale-simulator/iam-policy.js';

const TEXT = readFileSync(new URL('../../docs/iam-policy.json', import.meta.url), 'utf8');

export const LEAST_PRIVILEGE = JSON.parse(TEXT) as IamPolicy;

/** Every operation that the policy names, in its order. */
export const ALLOWED_OPERATIONS: readonly string[] = [...TEXT.matchAll(/'([a-z-]+)'/g)].map(([, name]) => name ?? '');

/** The policy without one of its operations. */
export function policyWithout(operation: string): IamPolicy {
  return JSON.parse(TEXT.replace(new RegExp(`'${operation}'(, )?`), '').replace(', ]', ']')) as IamPolicy;
}

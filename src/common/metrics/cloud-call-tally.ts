/** Calls of the Exoscale API, each attempt of its own, by operation and by how they ended. */

/** operationIds of the API that the gateway uses. One that is missing here counts as `other`. */
export const CLOUD_OPERATIONS = [
  'list-zones',
  'list-instance-types',
  'list-templates',
  'get-quota',
  'list-quotas',
  'list-security-groups',
  'get-security-group',
  'create-security-group',
  'add-rule-to-security-group',
  'delete-rule-from-security-group',
  'delete-security-group',
  'list-instances',
  'get-instance',
  'create-instance',
  'start-instance',
  'stop-instance',
  'delete-instance',
  'update-instance',
  'get-operation',
] as const;

const KNOWN: ReadonlySet<string> = new Set(CLOUD_OPERATIONS);

/** The status of the answer, or why there was none. */
export type CloudCallEnd = number | 'timeout' | 'network';

export class CloudCallTally {
  private readonly counts = new Map<string, { operation: string; code: string; count: number }>();

  ended(operation: string, end: CloudCallEnd): void {
    const name = KNOWN.has(operation) ? operation : 'other';
    const code = typeof end === 'number' && (end < 100 || end > 599) ? 'other' : String(end);
    const key = `${name} ${code}`;
    const entry = this.counts.get(key) ?? { operation: name, code, count: 0 };
    entry.count += 1;
    this.counts.set(key, entry);
  }

  /** Every combination that has occurred. */
  entries(): Iterable<{ operation: string; code: string; count: number }> {
    return this.counts.values();
  }
}

/**
 * Security groups of the organization. They have no labels, their names come back lower-cased, and a rule's id is only
 * found by reading the group again (exoscale-api.md §2.6).
 */
import { randomUUID } from 'node:crypto';
import { isIP } from 'node:net';
import { ApiError } from './api-error.js';
import type { Operations, ScriptedResult } from './operations.js';
import { stableId } from './stable-id.js';

type Json = Readonly<Record<string, unknown>>;

interface Group {
  id: string;
  name: string;
  description?: string;
  rules: Json[];
}

const PROTOCOLS: ReadonlySet<unknown> = new Set(['ah', 'all', 'esp', 'gre', 'icmp', 'icmpv6', 'ipip', 'tcp', 'udp']);

export class SecurityGroups {
  private readonly groups = new Map<string, Group>();

  /** @param isReferenced whether an instance uses the group */
  constructor(
    private readonly operations: Operations,
    private readonly isReferenced: (groupId: string) => boolean,
  ) {
    const id = stableId('security-group/default');
    this.groups.set(id, { id, name: 'default', description: 'Default Security Group', rules: [] });
  }

  list(): object {
    return { 'security-groups': structuredClone([...this.groups.values()]) };
  }

  get(id: string): object {
    return structuredClone(this.find(id));
  }

  has(id: string): boolean {
    return this.groups.has(id);
  }

  create(body: Json, scripted: ScriptedResult | null): object {
    if (typeof body.name !== 'string' || body.name.length < 1 || body.name.length > 255) {
      throw ApiError.classic(400, "missing keys 'name'");
    }
    const name = body.name.toLowerCase();
    if ([...this.groups.values()].some((one) => one.name === name)) {
      throw ApiError.classic(409, `Security group ${name} already exists`);
    }
    const group: Group = { id: randomUUID(), name, rules: [] };
    if (typeof body.description === 'string') group.description = body.description;
    return this.begin('create-security-group', group.id, () => this.groups.set(group.id, group), scripted);
  }

  delete(id: string, scripted: ScriptedResult | null): object {
    this.find(id);
    if (this.isReferenced(id)) throw ApiError.classic(412, 'Security group is in use by instances');
    return this.begin('delete-security-group', id, () => this.groups.delete(id), scripted);
  }

  addRule(id: string, body: Json, scripted: ScriptedResult | null): object {
    const group = this.find(id);
    checkRule(body);
    const rule = { id: randomUUID(), ...structuredClone(body) };
    return this.begin('add-rule-to-security-group', id, () => group.rules.push(rule), scripted);
  }

  deleteRule(id: string, ruleId: string, scripted: ScriptedResult | null): object {
    const group = this.find(id);
    if (!group.rules.some((one) => one.id === ruleId)) throw ApiError.notFound();
    const remove = () => (group.rules = group.rules.filter((one) => one.id !== ruleId));
    return this.begin('delete-rule-from-security-group', id, remove, scripted);
  }

  /** The change becomes visible when the job ends: a client that does not wait reads the group without it. */
  private begin(command: string, id: string, change: () => unknown, scripted: ScriptedResult | null): object {
    const work = { commit: () => void change(), rollback: () => undefined };
    return this.operations.begin(command, 'security-group', id, work, scripted);
  }

  private find(id: string): Group {
    const group = this.groups.get(id);
    if (!group) throw ApiError.notFound();
    return group;
  }
}

function checkRule(body: Json): void {
  const missing = ['flow-direction', 'protocol'].filter((key) => body[key] === undefined);
  if (missing.length > 0) throw ApiError.classic(400, `missing keys '${missing.join("', '")}'`);
  const direction = body['flow-direction'];
  if (direction !== 'ingress' && direction !== 'egress') throw ApiError.classic(400, 'invalid flow-direction');
  if (!PROTOCOLS.has(body.protocol)) throw ApiError.classic(400, 'invalid protocol');
  if (body.protocol === 'tcp' || body.protocol === 'udp') {
    const [start, end] = [body['start-port'], body['end-port']];
    if (!isPort(start) || !isPort(end) || start > end) throw ApiError.classic(400, 'invalid port range');
  }
  const hasNetwork = body.network !== undefined;
  if (hasNetwork === (body['security-group'] !== undefined)) {
    throw ApiError.classic(400, 'exactly one of network and security-group is required');
  }
  if (hasNetwork && !isCidr(body.network)) throw ApiError.classic(400, 'network must be a CIDR');
}

function isPort(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 1 && (value as number) <= 65_535;
}

function isCidr(value: unknown): boolean {
  const [address, prefix, ...rest] = String(value).split('/');
  const version = isIP(address ?? '');
  const bits = Number(prefix);
  return rest.length === 0 && version !== 0 && /^\d+$/.test(prefix ?? '') && bits <= (version === 4 ? 32 : 128);
}

/**
 * The security group of a pool: the link port for the configured networks, and nothing else. Groups belong to the whole
 * organization and carry no labels, so only one of exactly our name is ever touched (exoscale-api.md §2.6).
 */
import { isIPv4 } from 'node:net';
import type { Clock } from '../../common/time/clock.js';
import { CloudError } from '../provisioning/ports/cloud.port.js';
import type { ApiOperation, ApiSecurityGroupRule } from './api/api-types.js';
import type { ExoscaleClient } from './api/exoscale-client.js';
import { pollOperation } from './api/poll-operation.js';
import type { ExoscaleSettings } from './exoscale-settings.js';

/** A rule is in place within seconds; this bounds a bad day. */
const OPERATION_TIMEOUT_MS = 60_000;

export function securityGroupName(pool: string, owner: string): string {
  return `ollama-exoscale-${pool}-${owner.slice(0, 8)}`;
}

export class SecurityGroupKeeper {
  constructor(
    private readonly client: ExoscaleClient,
    private readonly clock: Clock,
    private readonly settings: Pick<ExoscaleSettings, 'pool' | 'link' | 'timeScale'>,
  ) {}

  /** Makes or corrects the group and resolves with its id; harmless to repeat. */
  async ensure(owner: string): Promise<string> {
    const name = securityGroupName(this.settings.pool, owner);
    const groups = await this.client.listSecurityGroups();
    const id = groups.find((group) => group.name === name)?.id ?? (await this.create(name));
    const group = await this.client.getSecurityGroup(id);
    await this.correct(id, group?.rules ?? []);
    return id;
  }

  private async create(name: string): Promise<string> {
    const description = `Link of the Ollama gateway to the machine of pool ${this.settings.pool}`;
    const operation = await this.finished(await this.client.createSecurityGroup({ name, description }));
    const id = operation.reference?.id;
    if (!id) throw new CloudError('unknown', 'Exoscale made a security group without telling its id');
    return id;
  }

  private async correct(groupId: string, rules: readonly ApiSecurityGroupRule[]): Promise<void> {
    const { port, cidrs } = this.settings.link;
    const missing = new Set(cidrs.map(canonicalNetwork));
    const stray: string[] = [];
    for (const rule of rules) {
      const network = linkNetworkOf(rule, port);
      // Deleted from the set, so that a second rule for the same network counts as stray.
      if (network === null || !missing.delete(network)) stray.push(rule.id ?? '');
    }
    // First open, then close: a change of networks must not cut off the gateway in between.
    for (const network of missing) {
      await this.finished(await this.client.addRule(groupId, linkRule(port, network)));
    }
    for (const ruleId of stray.filter((one) => one !== '')) {
      await this.finished(await this.client.deleteRule(groupId, ruleId));
    }
  }

  private finished(operation: ApiOperation): Promise<ApiOperation> {
    return pollOperation(operation, {
      clock: this.clock,
      read: (id) => this.client.getOperation(id),
      timeoutMs: OPERATION_TIMEOUT_MS,
      timeScale: this.settings.timeScale,
    });
  }
}

function linkRule(port: number, network: string): ApiSecurityGroupRule {
  return {
    'flow-direction': 'ingress',
    protocol: 'tcp',
    'start-port': port,
    'end-port': port,
    network,
    description: 'ollama-exoscale link',
  };
}

/** The network that a rule opens the link port to; null for every rule that does anything else. */
function linkNetworkOf(rule: ApiSecurityGroupRule, port: number): string | null {
  const opensLink =
    rule['flow-direction'] === 'ingress' &&
    rule.protocol === 'tcp' &&
    rule['start-port'] === port &&
    rule['end-port'] === port;
  return opensLink && rule.network ? canonicalNetwork(rule.network) : null;
}

/** The API may write a network in its own way: `10.1.2.3/8` becomes `10.0.0.0/8`, `2001:DB8:0::/32` `2001:db8::/32`. */
export function canonicalNetwork(cidr: string): string {
  const [address = '', prefix = ''] = cidr.split('/');
  if (!isIPv4(address)) return `${new URL(`http://[${address}]`).hostname.slice(1, -1)}/${prefix}`;
  const bits = address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
  const size = 2 ** (32 - Number(prefix));
  const first = bits - (bits % size);
  return `${[24, 16, 8, 0].map((shift) => Math.floor(first / 2 ** shift) % 256).join('.')}/${prefix}`;
}

/**
 * Whose request it is, for the log: the address of the connection, or what the proxies in front say of it, as far as
 * they are ours (GATEWAY_TRUSTED_PROXIES). Nothing is decided by it.
 */
import type { IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';

export class ClientAddresses {
  private readonly proxies: BlockList | null;

  /** @param trusted networks in CIDR notation, validated */
  constructor(trusted: readonly string[]) {
    this.proxies = trusted.length === 0 ? null : listOf(trusted);
  }

  /**
   * Walks `X-Forwarded-For` from its right, where each proxy adds who spoke to it, as long as the hop is one of ours.
   * Everything left of the first hop that is not may be invented. Null when the connection has no address any more.
   */
  of({ socket, headers }: Pick<IncomingMessage, 'socket' | 'headers'>): string | null {
    let client = addressOf(socket.remoteAddress);
    if (!this.proxies || client === null) return client;
    const hops = String(headers['x-forwarded-for'] ?? '');
    for (let end = hops.length; end > 0 && this.isOurs(client);) {
      const comma = hops.lastIndexOf(',', end - 1);
      const hop = addressOf(hops.slice(comma + 1, end).trim());
      if (hop === null) break;
      client = hop;
      end = comma;
    }
    return client;
  }

  private isOurs(address: string): boolean {
    return this.proxies?.check(address, familyOf(address)) ?? false;
  }
}

/** The address as the log shows it, IPv4 that comes over IPv6 (RFC 4291 §2.5.5.2) as IPv4; null for anything else. */
function addressOf(text: string | undefined): string | null {
  if (text === undefined || isIP(text) === 0 || text.includes('%')) return null;
  return text.startsWith('::ffff:') && text.includes('.') ? text.slice('::ffff:'.length) : text;
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return address.includes(':') ? 'ipv6' : 'ipv4';
}

function listOf(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [address = '', prefix] = network.split('/');
    list.addSubnet(address, Number(prefix), familyOf(address));
  }
  return list;
}

/** Whether a host, to listen on or spoken to, is this computer and nothing else. Knows nothing of who listens. */
import { BlockList, isIP } from 'node:net';

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8);
LOOPBACK.addAddress('::1', 'ipv6');

/**
 * True for `localhost` and the loopback addresses of both families, those of IPv6 in brackets too; false for every other
 * name, which may mean anything.
 */
export function isLoopback(host: string): boolean {
  if (host.toLowerCase() === 'localhost') return true;
  const address = host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host;
  const version = isIP(address);
  return version !== 0 && !address.includes('%') && LOOPBACK.check(address, version === 4 ? 'ipv4' : 'ipv6');
}

/** Addresses for fake machines: one of 127.0.0.0/8 each, where the system lets a process bind them. */
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';

/** The one address that every system has. */
export const ONLY_LOOPBACK = '127.0.0.1';

/** Hands out addresses and never the same twice in a row: what remembers the address of an earlier start goes wrong. */
export class LoopbackAddresses {
  private next = 0;

  /** @param network second octet: keeps simulators of several processes apart */
  constructor(private readonly network: number) {}

  allocate(): string {
    const index = this.next;
    this.next = (this.next + 1) % (250 * 250);
    return `127.${this.network}.${1 + Math.floor(index / 250)}.${1 + (index % 250)}`;
  }
}

/** Whether `host` can be bound on some port (macOS knows only 127.0.0.1). */
export async function canBind(host: string): Promise<boolean> {
  return (await bindOnce(host)) !== null;
}

/** A port that is free on 127.0.0.1 now. */
export async function freePort(): Promise<number> {
  const port = await bindOnce(ONLY_LOOPBACK);
  if (port === null) throw new Error('no port can be bound on 127.0.0.1');
  return port;
}

function bindOnce(host: string): Promise<number | null> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(null));
    server.listen(0, host, () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

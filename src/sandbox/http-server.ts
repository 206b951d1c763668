/** Starting and ending a node:http server as promises. */
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Resolves with the bound port; rejects with Node's error (`code` is EADDRINUSE, EADDRNOTAVAIL, …). */
export function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve((server.address() as AddressInfo).port);
    });
  });
}

/** Stops listening and cuts every connection: nothing keeps the process alive afterwards. */
export function closeNow(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

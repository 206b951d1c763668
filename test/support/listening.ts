/** Servers that a test makes itself: on a loopback port of their own, gone with everything on them at its end. */
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { atEnd } from './endings.js';

/** Resolves with the URL when the server listens. */
export async function listening(server: Server): Promise<string> {
  atEnd(async () => {
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  });
  await new Promise((resolve, reject) =>
    server.once('listening', resolve).once('error', reject).listen(0, '127.0.0.1'),
  );
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

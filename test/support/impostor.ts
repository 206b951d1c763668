/** A TLS server that is not the machine it stands for. Takes every client and remembers what it could read of them. */
import { createServer, type Server, type TLSSocket } from 'node:tls';
import type { Socket } from 'node:net';
import { once } from 'node:events';
import { atEnd } from './endings.js';
import type { Front } from './nginx-machines.js';

/** What it shows; the authority is the one it asks clients for. */
export interface ImpostorKeys {
  certificatePem: string;
  keyPem: string;
}

export class Impostor implements Front {
  static async listen(host: string, port: number, { certificatePem, keyPem }: ImpostorKeys): Promise<Impostor> {
    const server = createServer({
      cert: certificatePem,
      key: keyPem,
      requestCert: true,
      rejectUnauthorized: false,
      minVersion: 'TLSv1.3',
    });
    const impostor = new Impostor(server);
    atEnd(() => impostor.stop());
    server.listen(port, host);
    await once(server, 'listening');
    return impostor;
  }

  /** Connections that somebody has opened. */
  connections = 0;
  /** What was sent to it within TLS. */
  text = '';
  private readonly sockets = new Set<Socket>();

  private constructor(private readonly server: Server) {
    server.on('connection', (socket: Socket) => {
      this.connections += 1;
      this.sockets.add(socket);
    });
    server.on('secureConnection', (socket: TLSSocket) => {
      socket.on('data', (chunk: Buffer) => (this.text += chunk.toString('latin1')));
      socket.on('error', () => undefined); // whoever has looked at the certificate hangs up
    });
    server.on('tlsClientError', () => undefined);
  }

  /** Cuts everything; harmless when it has ended. */
  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }
}

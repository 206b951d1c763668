/** Somebody on the way between two ends of a TCP connection: passes everything on and keeps what the first end sent. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { atEnd } from './endings.js';

export class Wiretap {
  static async before(host: string, port: number): Promise<Wiretap> {
    const chunks: Buffer[] = [];
    const server = createServer((near) => {
      const far = connect({ host, port });
      near.on('data', (chunk: Buffer) => chunks.push(chunk));
      near.pipe(far).pipe(near);
      atEnd(() => [near, far].forEach((socket) => socket.destroy()));
      for (const socket of [near, far]) socket.on('error', () => [near, far].forEach((one) => one.destroy()));
    }).listen(0, '127.0.0.1');
    atEnd(() => server.close());
    await once(server, 'listening');
    return new Wiretap((server.address() as AddressInfo).port, chunks);
  }

  private constructor(
    readonly port: number,
    private readonly chunks: readonly Buffer[],
  ) {}

  /** All that was sent towards the far end. */
  get captured(): Buffer {
    return Buffer.concat(this.chunks);
  }
}

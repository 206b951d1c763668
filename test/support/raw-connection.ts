/** A TCP connection whose bytes a test writes itself, for what no HTTP client would send. */
import { connect, type Socket } from 'node:net';
import { atEnd } from './endings.js';

export class RawConnection {
  static async open(url: string): Promise<RawConnection> {
    const { hostname, port } = new URL(url);
    const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
    atEnd(() => socket.destroy());
    await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    return new RawConnection(socket);
  }

  /** Everything received so far. */
  text = '';
  /** Resolves when the other side has closed, or cut, the connection. */
  readonly closed: Promise<void>;

  private constructor(private readonly socket: Socket) {
    socket.setEncoding('latin1').on('data', (text: string) => (this.text += text));
    socket.on('error', () => undefined);
    this.closed = new Promise((resolve) => socket.once('end', resolve).once('close', resolve));
  }

  /** Lines are joined and ended with CRLF; an empty last line ends a head. */
  send(...lines: string[]): void {
    this.socket.write(lines.map((line) => `${line}\r\n`).join(''), 'latin1');
  }

  /** Sends no more, and still reads. */
  halfClose(): void {
    this.socket.end();
  }
}

/** A TCP connection whose bytes a test writes itself, for what no HTTP client would send. */
import { connect, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';
import { atEnd } from './endings.js';

export class RawConnection {
  static async open(url: string): Promise<RawConnection> {
    const { hostname, port } = new URL(url);
    const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
    atEnd(() => socket.destroy());
    await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    return new RawConnection(socket);
  }

  /** The bytes within TLS; rejects with Node's error when there is no handshake. */
  static async openTls(options: ConnectionOptions): Promise<RawConnection> {
    const socket = connectTls(options);
    atEnd(() => socket.destroy());
    await new Promise((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject));
    return new RawConnection(socket);
  }

  /** Everything received so far. */
  text = '';
  /** Why the connection broke, where it did not end in an orderly way. */
  fault: string | null = null;
  /** Resolves when the other side has closed, or cut, the connection. */
  readonly closed: Promise<void>;

  private constructor(private readonly socket: Socket) {
    socket.setEncoding('latin1').on('data', (text: string) => (this.text += text));
    socket.on('error', (error: NodeJS.ErrnoException) => (this.fault = error.code ?? error.message));
    this.closed = new Promise((resolve) => socket.once('end', resolve).once('close', resolve));
  }

  /** Lines are joined and ended with CRLF; an empty last line ends a head. */
  send(...lines: string[]): void {
    this.socket.write(lines.map((line) => `${line}\r\n`).join(''), 'latin1');
  }

  /** Sends bytes of a body; resolves when they are on their way, or lost. */
  async write(body: string): Promise<void> {
    await new Promise<void>((resolve) => this.socket.write(body, 'latin1', () => resolve()));
  }

  /** Ends the sending half and resolves when nothing is left of the connection. */
  async end(): Promise<void> {
    if (this.socket.destroyed) return;
    const gone = new Promise((resolve) => this.socket.once('close', resolve));
    this.socket.end();
    await gone;
  }

  /** Sends no more, and still reads. */
  halfClose(): void {
    this.socket.end();
  }
}

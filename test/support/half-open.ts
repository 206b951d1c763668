/** Connections of strangers to a link port that begin and do not go on, each with its end as a promise. */
import { connect, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { atEnd } from './endings.js';

export interface Address {
  host: string;
  port: number;
}

/** The first bytes of a ClientHello, which promise 512 more (RFC 8446 §5.1). */
const HALF_HELLO = Buffer.from('16030102000100', 'hex');

/** Says nothing. */
export function silent(address: Address): Promise<Socket> {
  return opened(connect(address));
}

/** Begins a handshake. */
export async function halfHello(address: Address): Promise<Socket> {
  const socket = await silent(address);
  socket.write(HALF_HELLO);
  return socket;
}

/** Has no certificate, and begins a request. */
export async function halfHead(address: Address, servername: string): Promise<Socket> {
  const socket = await opened(withoutCertificate(address, servername), 'secureConnect');
  socket.write('POST /api/stranger HTTP/1.1\r\nHost: ');
  return socket;
}

/** Has no certificate, and promises a long body: it is refused at once, and then listened to for a moment. */
export async function longBody(address: Address, servername: string): Promise<Socket> {
  const socket = await opened(withoutCertificate(address, servername), 'secureConnect');
  socket.write(`POST /api/stranger HTTP/1.1\r\nHost: ${servername}\r\nContent-Length: 1000000\r\n\r\nx`);
  return socket;
}

/** Whoever is on the other side: a stranger has nothing to check it by. */
function withoutCertificate(address: Address, servername: string): TLSSocket {
  return connectTls({ ...address, servername, rejectUnauthorized: false });
}

async function opened<T extends Socket>(socket: T, event = 'connect'): Promise<T> {
  atEnd(() => socket.destroy());
  await new Promise((resolve, reject) => socket.once(event, resolve).once('error', reject));
  socket.on('error', () => undefined); // cut or closed: it is over
  socket.resume();
  return socket;
}

/** Resolves when the other side has had enough. */
export function ended(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    if (socket.closed || socket.readableEnded) resolve();
    else socket.once('end', resolve).once('close', () => resolve());
  });
}

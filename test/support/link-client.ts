/**
 * Calls to a machine's link port with every part of them chosen by the test: certificate, name of the handshake, Host,
 * version. Node's own client, since undici would make most of these mistakes impossible.
 */
import { type IncomingMessage, type OutgoingHttpHeaders, request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { ConnectionOptions, TLSSocket } from 'node:tls';
import { atEnd } from './endings.js';

export interface LinkAnswer {
  status: number;
  headers: IncomingMessage['headers'];
  text: string;
  /** Whether the TLS session of an earlier call was taken up again. */
  resumed: boolean;
}

/** Options of Node's clients, and the body. */
export interface LinkCall extends ConnectionOptions {
  /** False speaks plain HTTP. */
  tls?: boolean;
  method?: string;
  path?: string;
  headers?: OutgoingHttpHeaders;
  body?: string;
}

export class LinkClient {
  /** @param usual what every call has unless it says otherwise */
  constructor(
    private readonly address: { host: string; port: number },
    private readonly usual: LinkCall,
  ) {}

  /** Sends and resolves with the head of the answer, whose body is the caller's; rejects with Node's error. */
  send(call: LinkCall = {}): Promise<IncomingMessage> {
    const { body, tls = true, ...options } = { ...this.usual, ...call };
    const request = tls ? httpsRequest : httpRequest;
    return new Promise((resolve, reject) => {
      const outgoing = request({ ...options, ...this.address, agent: false }, resolve);
      atEnd(() => outgoing.destroy());
      outgoing.on('error', reject);
      outgoing.end(body);
    });
  }

  /** Sends and reads to the end. */
  async ask(call: LinkCall = {}): Promise<LinkAnswer> {
    const incoming = await this.send(call);
    const socket = incoming.socket as TLSSocket;
    let text = '';
    for await (const chunk of incoming.setEncoding('utf8') as AsyncIterable<string>) text += chunk;
    const resumed = typeof socket.isSessionReused === 'function' && socket.isSessionReused();
    return { status: incoming.statusCode ?? 0, headers: incoming.headers, text, resumed };
  }

  /** The status of the answer, or the code of the error where there is none. */
  async outcome(call: LinkCall = {}): Promise<number | string> {
    return this.ask(call).then(
      ({ status }) => status,
      (error: NodeJS.ErrnoException) => error.code ?? error.message,
    );
  }
}

/**
 * The listening half of a machine's end of the link: TLS 1.3 for those who ask for our name, or plain HTTP where the
 * machine has no keys. Who may do what is decided by whoever answers the requests.
 */
import { constants, X509Certificate } from 'node:crypto';
import { createServer as createHttpServer, type RequestListener, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { createSecureContext } from 'node:tls';
import type { LinkKeys } from './link-settings.js';

/** As in the machine's nginx.conf. */
const HEADER_TIMEOUT_MS = 20_000;
const KEEP_ALIVE_MS = 75_000;

/** @param keys null for a plain link */
export function createLinkServer(keys: LinkKeys | null, answer: RequestListener): Server {
  const server = keys ? createTlsServer(keys, answer) : createHttpServer(answer);
  server.headersTimeout = HEADER_TIMEOUT_MS;
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  // Generations and uploads take as long as they take.
  server.requestTimeout = 0;
  return server;
}

function createTlsServer({ ca, certificate, key }: LinkKeys, answer: RequestListener): Server {
  const context = createSecureContext({ ca, cert: certificate, key, minVersion: 'TLSv1.3' });
  const shown = new X509Certificate(certificate);
  return createHttpsServer(
    {
      minVersion: 'TLSv1.3',
      // With no cache beside them either, no session is ever taken up again.
      secureOptions: constants.SSL_OP_NO_TICKET,
      ALPNProtocols: ['http/1.1'],
      requestCert: true,
      // A connection without an accepted certificate gets an answer in HTTP, which is nginx's way.
      rejectUnauthorized: false,
      // The only certificate there is: who asks for no name, or for another one, gets no handshake.
      SNICallback: (name, done) => (shown.checkHost(name) ? done(null, context) : done(new Error('unrecognized name'))),
    },
    answer,
  );
}

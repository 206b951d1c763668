/** What the public listener allows a client in size and time. Socket times: not divided by GATEWAY_TIME_SCALE. */
import type { ServerOptions } from 'node:http';

export const HTTP_LIMITS = {
  /** 431. Node's own limit is half of it; cookies and tokens of an ingress alone may need that. */
  maxHeaderSize: 32 * 1024,
  /** 408 for a head that is not complete by then … */
  headersTimeout: 20_000,
  /** … which Node looks at this often. */
  connectionsCheckingInterval: 2000,
  /** No limit on the time of a whole request: blob uploads take as long as they take (StalledUploads watches them). */
  requestTimeout: 0,
  /** Longer than the usual 60 s of a load balancer, so that it is never we who close a connection in use. */
  keepAliveTimeout: 72_000,
  /** The front door answers that itself. */
  requireHostHeader: false,
} satisfies ServerOptions;

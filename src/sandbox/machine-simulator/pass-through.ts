/** A machine with a real Ollama behind it: forwards everything as it is (SANDBOX_OLLAMA_URL). */
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { closeNow, listen } from '../http-server.js';

export interface PassThrough {
  close(): Promise<void>;
}

/** @param upstream base URL such as `http://127.0.0.1:11434` */
export async function startPassThrough(upstream: string, host: string, port: number): Promise<PassThrough> {
  const target = new URL(upstream);
  const server = createServer((request, response) => forward(target, request, response));
  server.requestTimeout = 0;
  server.keepAliveTimeout = 0;
  await listen(server, host, port);
  return { close: () => closeNow(server) };
}

function forward(target: URL, request: IncomingMessage, response: ServerResponse): void {
  const outgoing = httpRequest({
    host: target.hostname,
    port: target.port || 80,
    method: request.method,
    path: request.url,
    // Ollama on loopback refuses foreign host names.
    headers: { ...request.headers, host: target.host },
  });
  outgoing.on('response', (incoming) => {
    response.writeHead(incoming.statusCode ?? 502, incoming.rawHeaders);
    incoming.pipe(response);
    // An answer that breaks off must not look like one that goes on.
    incoming.on('close', () => incoming.complete || response.destroy());
  });
  // An Ollama that cannot be reached looks like a machine that cannot be reached.
  outgoing.on('error', () => request.socket.destroy());
  response.on('close', () => outgoing.destroy());
  request.pipe(outgoing);
}

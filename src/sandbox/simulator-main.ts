/** `npm run simulator`: the Exoscale simulator and its machines alone, until SIGINT or SIGTERM. No gateway here. */
import { randomBytes } from 'node:crypto';
import { startSimulators } from './simulators.js';

const DEFAULT_PORT = 8999;

/** @returns the exit code */
async function main(environment: NodeJS.ProcessEnv): Promise<number> {
  const port = Number(environment.SIMULATOR_PORT ?? DEFAULT_PORT);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    console.error(`SIMULATOR_PORT must be a port number, it is "${environment.SIMULATOR_PORT}".`);
    return 1;
  }
  const apiKey = environment.EXOSCALE_API_KEY || `EXO${randomBytes(12).toString('hex')}`;
  const apiSecret = environment.EXOSCALE_API_SECRET || randomBytes(24).toString('base64url');
  const zone = environment.EXOSCALE_ZONE || 'at-vie-2';
  const upstreamUrl = environment.SANDBOX_OLLAMA_URL || undefined;
  try {
    const simulators = await startSimulators({ apiKey, apiSecret, port, linkPort: 0, zone, upstreamUrl });
    console.log(
      describe({ endpoint: simulators.cloud.url, apiKey, apiSecret, zone, linkPort: simulators.linkPort, upstreamUrl }),
    );
    await ended();
    await simulators.close();
    return 0;
  } catch (error) {
    console.error(startFailure(error, port));
    return 1;
  }
}

function describe(facts: {
  endpoint: string;
  apiKey: string;
  apiSecret: string;
  zone: string;
  linkPort: number;
  upstreamUrl: string | undefined;
}): string {
  const control = new URL('/_control/', facts.endpoint).href;
  return `Exoscale simulator is running; Ctrl-C ends it.

  EXOSCALE_API_ENDPOINT=${facts.endpoint}
  EXOSCALE_API_KEY=${facts.apiKey}
  EXOSCALE_API_SECRET=${facts.apiSecret}
  EXOSCALE_ZONE=${facts.zone}
  GATEWAY_LINK_PORT=${facts.linkPort} GATEWAY_LINK_CIDRS=127.0.0.0/8 GATEWAY_TIME_SCALE=20
  machines: ${facts.upstreamUrl ? `the Ollama at ${facts.upstreamUrl}` : 'a fake Ollama each'}

  control: ${control}
    curl ${control}instances
    curl ${control}maxConcurrentBilled
    curl ${control}fault -d '[{"operation":"start-instance","times":1,"kind":"status","status":409}]'
`;
}

function ended(): Promise<void> {
  return new Promise((resolve) => {
    process.once('SIGINT', () => resolve());
    process.once('SIGTERM', () => resolve());
  });
}

function startFailure(error: unknown, port: number): string {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'EADDRINUSE') return `Port ${port} is in use. Set SIMULATOR_PORT to another one, or 0 for any.`;
  if (code === 'EACCES') return `Port ${port} needs more rights. Set SIMULATOR_PORT to one above 1023.`;
  return `The simulator cannot start: ${error instanceof Error ? error.message : String(error)}`;
}

process.exitCode = await main(process.env);

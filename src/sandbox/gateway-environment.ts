/** The environment of the sandbox's gateway. Pure: what the shell may set, and what the sandbox must. */

export interface SandboxFacts {
  endpoint: string;
  apiKey: string;
  apiSecret: string;
  linkPort: number;
  port: number;
  /** Of the admin listener; 0 takes any. */
  adminPort: number;
  stateDir: string;
}

/** Settings a developer may want to play with; everything else of ours in the shell is for another gateway. */
const TUNABLE = [
  'EXOSCALE_IDLE_TIMEOUT',
  'EXOSCALE_INSTANCE_TYPE',
  'OLLAMA_MODEL',
  'GATEWAY_IDLE_ACTION',
  'GATEWAY_DESTROY_AFTER',
  'GATEWAY_UNCLAIMED_SECONDS',
  'GATEWAY_MAX_STARTS_PER_HOUR',
  'GATEWAY_HOLD_RESUME_SECONDS',
  'GATEWAY_HOLD_CREATE_SECONDS',
  'GATEWAY_HOLD_MAX_SECONDS',
  'GATEWAY_LOG_LEVEL',
  'GATEWAY_TIME_SCALE',
] as const;

const DEFAULTS: Record<string, string> = {
  EXOSCALE_IDLE_TIMEOUT: '30',
  EXOSCALE_INSTANCE_TYPE: 'a5000.small',
  OLLAMA_MODEL: 'granite3.1-dense:8b',
  // Playing starts the machine far more often than any user would.
  GATEWAY_MAX_STARTS_PER_HOUR: '0',
  GATEWAY_TIME_SCALE: '20',
  GATEWAY_SHUTDOWN_DELAY_SECONDS: '0',
  GATEWAY_DRAIN_SECONDS: '2',
};

/** For machines that have no keys: the link without TLS must be asked for twice. */
export const PLAIN_LINK = { GATEWAY_LINK: 'plain', GATEWAY_ALLOW_PLAIN_LINK: 'true' } as const;

const FOREIGN = /^(GATEWAY_|EXOSCALE_|OLLAMA_|DATABASE_URL$|HOST$|PORT$)|_proxy$/i;

/** Keeps the developer's shell (PATH, …) but none of its proxies and none of another gateway's or Ollama's settings. */
export function gatewayEnvironment(shell: NodeJS.ProcessEnv, facts: SandboxFacts): Record<string, string> {
  const kept = Object.entries(shell).filter(([name, value]) => value !== undefined && !FOREIGN.test(name));
  const tuned = TUNABLE.filter((name) => shell[name]).map((name) => [name, shell[name]]);
  return {
    ...(Object.fromEntries(kept) as Record<string, string>),
    ...DEFAULTS,
    ...(Object.fromEntries(tuned) as Record<string, string>),
    HOST: '127.0.0.1',
    PORT: String(facts.port),
    GATEWAY_ADMIN_PORT: String(facts.adminPort),
    EXOSCALE_API_ENDPOINT: facts.endpoint,
    EXOSCALE_API_KEY: facts.apiKey,
    EXOSCALE_API_SECRET: facts.apiSecret,
    GATEWAY_LINK_CIDRS: '127.0.0.1/32',
    GATEWAY_LINK_PORT: String(facts.linkPort),
    GATEWAY_STATE_DIR: facts.stateDir,
  };
}

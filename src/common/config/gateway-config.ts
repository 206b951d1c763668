/** The shape of the whole configuration, and of what it is read from. */
import type { AccessConfig, AdminConfig } from './access-config.js';
import type { CloudConfig, LifecycleConfig, ListenerConfig, LogConfig, PoolConfig, StateConfig } from './classes.js';
import type { LinkConfig } from './link-config.js';
import type { ModelConfig } from './model-config.js';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface GatewayConfig {
  cloud: CloudConfig;
  model: ModelConfig;
  listener: ListenerConfig;
  access: AccessConfig;
  admin: AdminConfig;
  pool: PoolConfig;
  state: StateConfig;
  link: LinkConfig;
  lifecycle: LifecycleConfig;
  log: LogConfig;
}

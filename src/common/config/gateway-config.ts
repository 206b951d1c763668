/** The shape of the whole configuration, and of what it is read from. */
import type {
  CloudConfig,
  LifecycleConfig,
  LinkConfig,
  ListenerConfig,
  LogConfig,
  ModelConfig,
  PoolConfig,
  StateConfig,
} from './classes.js';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface GatewayConfig {
  cloud: CloudConfig;
  model: ModelConfig;
  listener: ListenerConfig;
  pool: PoolConfig;
  state: StateConfig;
  link: LinkConfig;
  lifecycle: LifecycleConfig;
  log: LogConfig;
}

/** What this module needs of the configuration, in its own words. Pure; reads no environment. */
import type { CloudConfig, LifecycleConfig, PoolConfig } from '../../common/config/classes.js';
import type { LinkConfig } from '../../common/config/link-config.js';
import type { ModelConfig } from '../../common/config/model-config.js';
import type { ApiCredentials } from './api/exo2-signature.js';

export interface ExoscaleConfig {
  cloud: CloudConfig;
  pool: PoolConfig;
  link: LinkConfig;
  model: ModelConfig;
  lifecycle: LifecycleConfig;
}

export interface ExoscaleSettings {
  credentials: ApiCredentials;
  zone: string;
  /** Base URL of the zone's API. */
  baseUrl: string;
  /** Base URL of the zone that is asked which zones there are. */
  referenceUrl: string;
  /** As configured: `family.size`, maybe without the `gpu` of the family. */
  instanceType: string;
  /** Exact name of the template. */
  template: string;
  diskSizeGib: number;
  pool: string;
  adoptName: string | null;
  /** Name of the SSH key that new machines get; null for none. */
  sshKey: string | null;
  link: { port: number; cidrs: readonly string[] };
  /** Container image of Ollama. */
  image: string;
  /** The settings that are passed to Ollama on the machine. */
  ollamaEnv: Readonly<Record<string, string>>;
  idleTimeoutSec: number;
  timeScale: number;
}

/** The zone that every organization can reach; the API's own default. */
const REFERENCE_ZONE = 'ch-gva-2';

export function exoscaleSettings(config: ExoscaleConfig): ExoscaleSettings {
  const { cloud, pool, link, model, lifecycle } = config;
  return {
    credentials: { key: cloud.apiKey, secret: cloud.apiSecret },
    zone: cloud.zone,
    baseUrl: baseUrlOf(cloud.endpoint, cloud.zone),
    referenceUrl: baseUrlOf(cloud.endpoint, REFERENCE_ZONE),
    instanceType: cloud.instanceType,
    template: cloud.template,
    diskSizeGib: cloud.diskSizeGib,
    pool: pool.pool,
    adoptName: cloud.adoptName,
    sshKey: cloud.sshKey,
    link: { port: link.port, cidrs: linkCidrs(link) },
    image: model.image,
    ollamaEnv: ollamaEnv(model),
    idleTimeoutSec: lifecycle.idleTimeoutSec,
    timeScale: lifecycle.timeScale,
  };
}

function baseUrlOf(endpoint: string, zone: string): string {
  return endpoint.replaceAll('{zone}', zone).replace(/\/+$/, '');
}

/** Everybody may knock at an mTLS port; a plain one is open to nobody who is not named. */
function linkCidrs(link: LinkConfig): readonly string[] {
  if (link.cidrs.length > 0) return link.cidrs;
  return link.link === 'mtls' ? ['0.0.0.0/0'] : [];
}

function ollamaEnv(model: ModelConfig): Record<string, string> {
  const settings = {
    OLLAMA_NUM_PARALLEL: model.numParallel,
    OLLAMA_CONTEXT_LENGTH: model.contextLength,
    OLLAMA_MAX_LOADED_MODELS: model.maxLoadedModels,
    OLLAMA_MAX_QUEUE: model.maxQueue,
    OLLAMA_FLASH_ATTENTION: model.flashAttention,
    OLLAMA_KV_CACHE_TYPE: model.kvCacheType,
    OLLAMA_LOAD_TIMEOUT: model.loadTimeout,
  };
  return Object.fromEntries(Object.entries(settings).filter((entry): entry is [string, string] => entry[1] !== null));
}

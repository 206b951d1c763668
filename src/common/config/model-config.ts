/** Models, and what Ollama on the machine is told. */
import { ArrayNotEmpty, Matches } from 'class-validator';
import { IsModelName } from './constraints.js';
import { CACHE, COUNT, DURATION, PassedOn, SWITCH } from './passed-on.js';
import { Setting } from './setting.js';

export class ModelConfig {
  @Setting({
    env: 'OLLAMA_MODEL',
    kind: 'list',
    default: 'granite3.1-dense:8b',
    what: 'Comma-separated; the first is pulled and loaded before ready, the others are pulled after.',
  })
  @ArrayNotEmpty({ message: 'must name at least one model' })
  @IsModelName({ each: true, message: 'must be model names such as granite3.1-dense:8b, separated by commas' })
  models!: string[];

  @Setting({
    env: 'OLLAMA_IMAGE',
    kind: 'text',
    default: 'ollama/ollama:0.32.15',
    what: 'Container image of Ollama on the machine; pinned, so that a restart never changes the version.',
  })
  @Matches(/^[a-zA-Z0-9][a-zA-Z0-9._/:@-]*$/, { message: 'must be a container image reference' })
  image!: string;

  @PassedOn({ env: 'OLLAMA_NUM_PARALLEL', as: COUNT, fallback: '1', what: 'Requests that one model serves at once.' })
  numParallel!: string | null;

  @PassedOn({
    env: 'OLLAMA_CONTEXT_LENGTH',
    as: COUNT,
    fallback: 'by GPU memory',
    what: 'Context of a model in tokens.',
  })
  contextLength!: string | null;

  @PassedOn({ env: 'OLLAMA_MAX_LOADED_MODELS', as: COUNT, fallback: '3 per GPU', what: 'Models in memory at once.' })
  maxLoadedModels!: string | null;

  @PassedOn({
    env: 'OLLAMA_MAX_QUEUE',
    as: COUNT,
    fallback: '512',
    what: 'Requests that may wait for a model to load.',
  })
  maxQueue!: string | null;

  @PassedOn({
    env: 'OLLAMA_FLASH_ATTENTION',
    as: SWITCH,
    fallback: 'automatic',
    what: 'Forces flash attention on or off.',
  })
  flashAttention!: string | null;

  @PassedOn({
    env: 'OLLAMA_KV_CACHE_TYPE',
    as: CACHE,
    fallback: 'f16',
    what: 'f16, or with flash attention q8_0 or q4_0.',
  })
  kvCacheType!: string | null;

  @PassedOn({ env: 'OLLAMA_LOAD_TIMEOUT', as: DURATION, fallback: '5m', what: 'Longest stall of a model that loads.' })
  loadTimeout!: string | null;
}

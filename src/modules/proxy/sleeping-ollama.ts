/**
 * What Ollama would say about itself, said while the machine sleeps: from the catalogue of the last contact, or made
 * from configuration before the first one. Every answer is marked `x-gateway-cache: sleeping`.
 */
import type { Catalogue } from '../provisioning/provisioning.gate.js';
import { JSON_TYPE, TEXT_TYPE, type Answer } from './answers.js';

const MARK = { 'x-gateway-cache': 'sleeping' };

/** What is said before the first contact. */
export interface Configured {
  models: readonly string[];
  /** Version in the configured image's tag. */
  version: string;
}

/** The answer of a catalogue route by its name in the table; null when it cannot be given. */
export function catalogueAnswer(route: string, catalogue: Catalogue | null, configured: Configured): Answer | null {
  switch (route) {
    case '/api/version':
      return json(catalogue?.version ?? JSON.stringify({ version: configured.version }));
    case '/api/tags':
      return json(catalogue?.tags ?? JSON.stringify({ models: configured.models.map(configuredModel) }));
    case '/api/ps':
      return json('{"models":[]}');
    case '/v1/models':
      return json(JSON.stringify({ object: 'list', data: modelsOf(catalogue, configured).map(openAiModel) }));
    default:
      return null;
  }
}

/** The answer to POST /api/show; Ollama's own 404 for a model that is not there. */
export function showAnswer(model: string | null, catalogue: Catalogue | null, configured: Configured): Answer {
  if (model === null) return ollamaError(400, 'model is required');
  const kept = Object.entries(catalogue?.show ?? {}).find(([name]) => sameModel(name, model));
  if (kept) return json(kept[1]);
  const known = modelsOf(catalogue, configured).some(({ name }) => sameModel(name, model));
  return known ? json(JSON.stringify(CONFIGURED_SHOW)) : ollamaError(404, `model '${model}' not found`);
}

/** What Ollama answers to an unload; there is nothing loaded, so it is done already. */
export function unloadAnswer(route: string, model: string, nowMs: number): Answer {
  const done = { model, created_at: new Date(nowMs).toISOString(), done: true, done_reason: 'unload' };
  const message = route === '/api/chat' ? { message: { role: 'assistant', content: '' } } : { response: '' };
  return json(JSON.stringify({ ...done, ...message }));
}

/** Ollama's text for a path it does not have. */
export function notFoundAnswer(): Answer {
  return { status: 404, headers: { 'content-type': 'text/plain' }, body: '404 page not found' };
}

/** Ollama's text for a method that a path does not have. */
export function methodNotAllowedAnswer(allow: string): Answer {
  return { status: 405, headers: { 'content-type': 'text/plain', allow }, body: '405 method not allowed' };
}

/** Always true, whether the machine runs or not: CLIs and UIs ask this before anything else. */
export function aliveAnswer(): Answer {
  return { status: 200, headers: { 'content-type': TEXT_TYPE }, body: 'Ollama is running' };
}

/** The version in an image reference such as `ollama/ollama:0.32.15`. */
export function versionOf(image: string): string {
  return /:v?(\d+\.\d+\.\d+[^@]*)/.exec(image)?.[1] ?? '0.0.0';
}

function json(body: string): Answer {
  return { status: 200, headers: { 'content-type': JSON_TYPE, ...MARK }, body };
}

function ollamaError(status: number, error: string): Answer {
  return { status, headers: { 'content-type': JSON_TYPE, ...MARK }, body: JSON.stringify({ error }) };
}

/** What of an entry of /api/tags is read here. */
interface ListedModel {
  name: string;
  modified_at: string;
}

const UNKNOWN_DETAILS = {
  parent_model: '',
  format: 'gguf',
  family: '',
  families: null,
  parameter_size: '',
  quantization_level: '',
};

const CONFIGURED_SHOW = {
  modelfile: '',
  parameters: '',
  template: '',
  details: UNKNOWN_DETAILS,
  model_info: {},
  capabilities: ['completion'],
};

function configuredModel(name: string): ListedModel & Record<string, unknown> {
  const model = fullName(name);
  return { name: model, model, modified_at: '1970-01-01T00:00:00Z', size: 0, digest: '', details: UNKNOWN_DETAILS };
}

/** As Ollama translates it: `created` is when the model was last changed, in seconds. */
function openAiModel({ name, modified_at: modifiedAt }: ListedModel): object {
  return { id: name, object: 'model', created: Math.floor(Date.parse(modifiedAt) / 1000) || 0, owned_by: 'library' };
}

function modelsOf(catalogue: Catalogue | null, configured: Configured): ListedModel[] {
  if (!catalogue?.tags) return configured.models.map(configuredModel);
  const { models } = JSON.parse(catalogue.tags) as { models?: Partial<ListedModel>[] };
  return (models ?? []).flatMap(({ name, modified_at: modifiedAt = '' }) =>
    typeof name === 'string' ? [{ name, modified_at: modifiedAt }] : [],
  );
}

function fullName(model: string): string {
  return model.includes(':') ? model : `${model}:latest`;
}

function sameModel(a: string, b: string): boolean {
  return fullName(a).toLowerCase() === fullName(b).toLowerCase();
}

/** The routes that describe and manage models: tags, ps, show, copy, delete, create, blobs. */
import { createHash } from 'node:crypto';
import type { Exchange } from './exchange.js';
import { isEmbedding, type DiskModel } from './model-disk.js';
import type { Ollama } from './ollama.js';
import { OllamaError } from './ollama-error.js';
import { nameOf } from './pull.js';

const DIGEST = /^sha256[:-][0-9a-fA-F]{64}$/;

export function tags(exchange: Exchange, ollama: Ollama): void {
  const models = ollama.disk.list().map((one) => ({
    ...identity(one),
    modified_at: new Date(one.modifiedAtMs).toISOString(),
    capabilities: capabilities(one),
  }));
  exchange.sendJson(200, { models });
}

export function ps(exchange: Exchange, ollama: Ollama): void {
  const models = ollama.runners.list().map(({ model, expiresAtMs }) => ({
    ...identity(model),
    expires_at: new Date(expiresAtMs).toISOString(),
    size_vram: model.sizeBytes,
    context_length: 4096,
  }));
  exchange.sendJson(200, { models });
}

export async function show(exchange: Exchange, ollama: Ollama): Promise<void> {
  const body = await exchange.json();
  const model = ollama.model(nameOf(body));
  exchange.sendJson(200, {
    license: 'Apache License 2.0',
    modelfile: `FROM ${model.name}`,
    parameters: '',
    template: '{{ .Prompt }}',
    details: details(model),
    model_info: { 'general.architecture': 'granite', 'general.basename': model.name.split(':', 1)[0] },
    capabilities: capabilities(model),
    modified_at: new Date(model.modifiedAtMs).toISOString(),
  });
}

export async function copy(exchange: Exchange, ollama: Ollama): Promise<void> {
  const body = await exchange.json();
  if (!ollama.disk.find(String(body.source))) throw new OllamaError(404, `model "${String(body.source)}" not found`);
  ollama.disk.add(String(body.destination), ollama.clock.nowMs());
  exchange.sendEmpty(200);
}

export async function remove(exchange: Exchange, ollama: Ollama): Promise<void> {
  const name = nameOf(await exchange.json());
  const model = ollama.disk.find(name);
  if (!model) throw new OllamaError(404, `model '${name}' not found`);
  ollama.runners.unload(model.name);
  ollama.disk.remove(name);
  exchange.sendEmpty(200);
}

export async function create(exchange: Exchange, ollama: Ollama): Promise<void> {
  const body = await exchange.json();
  ollama.disk.add(nameOf(body), ollama.clock.nowMs());
  if (body.stream === false) return exchange.sendJson(200, { status: 'success' });
  for (const status of ['parsing GGUF', 'writing manifest', 'success']) await exchange.writeLine({ status });
  exchange.end();
}

export function blobExists(exchange: Exchange, ollama: Ollama, [digest = '']: string[]): void {
  checkDigest(digest);
  exchange.sendEmpty(ollama.blobs.has(normalised(digest)) ? 200 : 404);
}

/** The bytes are hashed and thrown away; one that exists already is answered without reading the body. */
export async function uploadBlob(exchange: Exchange, ollama: Ollama, [digest = '']: string[]): Promise<void> {
  checkDigest(digest);
  if (ollama.blobs.has(normalised(digest))) return exchange.sendEmpty(200);
  const hash = createHash('sha256');
  for await (const chunk of exchange.chunks()) hash.update(chunk);
  if (`sha256:${hash.digest('hex')}` !== normalised(digest)) throw new OllamaError(400, 'digest mismatch');
  ollama.blobs.add(normalised(digest));
  exchange.sendEmpty(201);
}

function checkDigest(digest: string): void {
  if (!DIGEST.test(digest)) throw new OllamaError(400, 'invalid digest format');
}

function normalised(digest: string): string {
  return digest.replace('-', ':').toLowerCase();
}

function identity(model: DiskModel): object {
  const { name, sizeBytes, digest } = model;
  return { name, model: name, size: sizeBytes, digest, details: details(model) };
}

function details(model: DiskModel): object {
  const family = isEmbedding(model.name) ? 'bert' : 'granite';
  return {
    parent_model: '',
    format: 'gguf',
    family,
    families: [family],
    parameter_size: `${(model.sizeBytes / 0.6e9).toFixed(1)}B`,
    quantization_level: 'Q4_K_M',
  };
}

function capabilities(model: DiskModel): string[] {
  return isEmbedding(model.name) ? ['embedding'] : ['completion', 'tools'];
}

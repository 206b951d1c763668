/**
 * Reads what the sleeping gateway will answer with: Ollama's own JSON texts, kept as they came. Bounded, because the
 * machine may hold many models and its answers are stored.
 */
import type { Catalogue, MachineTarget } from '../provisioning/ports/machine.port.js';
import { asObject, parseObject } from './json-object.js';
import type { OllamaHttp } from './ollama-http.js';

const TIMEOUT_MS = 30_000;
const MAX_MODELS = 50;
const MAX_TAGS_BYTES = 1024 * 1024;
/** A model's licence and template are in it; one that is larger is left out, and then the sleeping gateway has no answer. */
const MAX_SHOW_BYTES = 256 * 1024;

/** See MachinePort.catalogue. A single answer that fails is left out; no answer at all is MachineError `unreachable`. */
export async function readCatalogue(http: OllamaHttp, target: MachineTarget, nowMs: () => number): Promise<Catalogue> {
  const version = await okText(http, target, { method: 'GET', path: '/api/version' }, MAX_TAGS_BYTES);
  const tags = await okText(http, target, { method: 'GET', path: '/api/tags' }, MAX_TAGS_BYTES);
  const show: Record<string, string> = {};
  for (const model of modelNames(tags).slice(0, MAX_MODELS)) {
    const text = await okText(http, target, { method: 'POST', path: '/api/show', body: { model } }, MAX_SHOW_BYTES);
    if (text !== null) show[model] = text;
  }
  return { version, tags, show, atMs: nowMs() };
}

/** The names in a body of /api/tags or /api/ps, in its order. */
export function modelNames(body: string | null): string[] {
  const models = parseObject(body)?.models;
  if (!Array.isArray(models)) return [];
  return models.flatMap((entry) => {
    const { name, model } = asObject(entry) ?? {};
    return [name, model].find((one): one is string => typeof one === 'string') ?? [];
  });
}

async function okText(
  http: OllamaHttp,
  target: MachineTarget,
  question: Parameters<OllamaHttp['ask']>[1],
  maxBytes: number,
): Promise<string | null> {
  const { status, text } = await http.ask(target, question, { timeoutMs: TIMEOUT_MS, maxBytes });
  return status === 200 && parseObject(text) ? text : null;
}

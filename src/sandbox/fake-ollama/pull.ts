/**
 * POST /api/pull: progress lines, then success. `pulling manifest` goes out before the registry is asked, so every later
 * error arrives inside a 200 (ollama-api.md §1.5). A client that leaves cancels the pull; what came stays.
 */
import { refusalOf } from './behaviour.js';
import type { Exchange, JsonObject } from './exchange.js';
import { describe, fullName, type DiskModel } from './model-disk.js';
import type { Ollama } from './ollama.js';
import { OllamaError } from './ollama-error.js';

/** Ollama reports about this often. */
const REPORT_MS = 60;

export async function pull(exchange: Exchange, ollama: Ollama): Promise<void> {
  const body = await exchange.json();
  const name = nameOf(body);
  const streaming = body.stream !== false;
  const report = async (line: object): Promise<void> => {
    if (streaming) await exchange.writeLine(line);
  };
  try {
    await report({ status: 'pulling manifest' });
    await fetchLayers(name, exchange, ollama, report);
  } catch (error) {
    if (!(error instanceof OllamaError) || !streaming) throw error;
    await exchange.writeLine({ error: error.message });
    return exchange.end();
  }
  if (!streaming) return exchange.sendJson(200, { status: 'success' });
  await exchange.writeLine({ status: 'success' });
  exchange.end();
}

/** Clients older than 0.1.30 send `name`. @throws OllamaError 400 */
export function nameOf(body: JsonObject): string {
  const name = body.model ?? body.name;
  if (typeof name !== 'string' || name === '') throw new OllamaError(400, 'invalid model name');
  return name;
}

async function fetchLayers(
  name: string,
  exchange: Exchange,
  ollama: Ollama,
  report: (line: object) => Promise<void>,
): Promise<void> {
  const { behaviour, clock, disk } = ollama;
  const refusal = refusalOf(behaviour, name);
  if (refusal === 'missing' || name.includes('nosuch')) {
    throw new OllamaError(500, 'pull model manifest: file does not exist');
  }
  const model = describe(fullName(name), clock.nowMs());
  const full = refusal === 'disk' || (!disk.find(name) && !disk.hasRoomFor(model.sizeBytes));
  const stepMs = Math.min(REPORT_MS, Math.max(1, behaviour.pullMs / 10));
  const step = behaviour.pullMs > 0 ? stepMs / behaviour.pullMs : 1;

  for (let done = disk.find(name) ? 1 : disk.partialOf(name); done < 1;) {
    await report(progress(model, done));
    // The disk runs full on the way, not at the start.
    if (full && done > 0.3) throw noSpace(model);
    await clock.sleep(stepMs, exchange.signal);
    done = Math.min(1, done + step);
    disk.keepPartial(name, done < 1 ? done : 0);
  }
  if (full) throw noSpace(model);
  await report(progress(model, 1));
  await report({ status: 'verifying sha256 digest' });
  await report({ status: 'writing manifest' });
  disk.add(name, clock.nowMs());
}

function progress(model: DiskModel, fraction: number): object {
  return {
    status: `pulling ${model.digest.slice(0, 12)}`,
    digest: `sha256:${model.digest}`,
    total: model.sizeBytes,
    // Omitted when zero, as everything in Go's JSON with omitempty.
    ...(fraction > 0 && { completed: Math.round(model.sizeBytes * fraction) }),
  };
}

function noSpace(model: DiskModel): OllamaError {
  const blob = `/root/.ollama/models/blobs/sha256-${model.digest}-partial`;
  return new OllamaError(500, `write ${blob}: no space left on device`);
}

/** POST /api/pull as one call: reads the stream to its verdict and gives up a pull that stands still. */
import type { Dispatcher } from 'undici';
import type { Clock } from '../../common/time/clock.js';
import { MachineError, type MachineTarget } from '../provisioning/ports/machine.port.js';
import { parseObject } from './json-object.js';
import { LineSplitter } from './line-splitter.js';
import { errorText, pullFault } from './ollama-faults.js';
import { DEFAULT_MAX_BYTES, type OllamaHttp, readText } from './ollama-http.js';
import { PullProgress } from './pull-progress.js';
import { Watchdog } from './watchdog.js';

/** While a layer is coming in. Ollama itself retries a part of a layer for some minutes before it gives up. */
export const DOWNLOAD_STALL_MS = 5 * 60_000;
/** Between layers: `verifying sha256 digest` reads the whole model without a word, on a slow disk for many minutes. */
export const SILENT_STEP_MS = 30 * 60_000;

type Body = Dispatcher.ResponseData['body'];

/** See MachinePort.pull. */
export async function pullModel(
  http: OllamaHttp,
  clock: Clock,
  target: MachineTarget,
  model: string,
  onProgress: (fraction: number) => void,
  signal: AbortSignal,
): Promise<void> {
  const watchdog = new Watchdog(clock, signal);
  const expect = (limitMs: number) =>
    watchdog.feed(limitMs, `The pull of ${model} has stood still for ${limitMs / 60_000} minutes.`);
  expect(SILENT_STEP_MS);
  const question = { method: 'POST', path: '/api/pull', body: { model, stream: true } } as const;
  try {
    await http.exchange(target, question, watchdog.signal, async ({ statusCode, body }) => {
      if (statusCode !== 200) {
        throw pullFault(model, errorText(statusCode, parseObject(await readText(body, DEFAULT_MAX_BYTES))));
      }
      await readVerdict(body, model, onProgress, expect);
    });
  } finally {
    watchdog.dispose();
  }
}

async function readVerdict(
  body: Body,
  model: string,
  onProgress: (fraction: number) => void,
  expect: (limitMs: number) => void,
): Promise<void> {
  const progress = new PullProgress();
  for await (const line of linesOf(body)) {
    const said = progress.take(line);
    if (said.type === 'success') return onProgress(1);
    if (said.type === 'error') throw pullFault(model, said.text);
    if (said.type === 'garbage') break;
    if (said.moved) expect(said.downloading ? DOWNLOAD_STALL_MS : SILENT_STEP_MS);
    if (said.fraction !== null) onProgress(said.fraction);
  }
  throw new MachineError('unreachable', `The pull of ${model} broke off before Ollama reported success.`);
}

async function* linesOf(body: Body): AsyncGenerator<string> {
  const splitter = new LineSplitter();
  for await (const chunk of body as AsyncIterable<Buffer>) yield* splitter.push(chunk);
  yield* splitter.end();
}

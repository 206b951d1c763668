/**
 * MachinePort over Ollama's HTTP API. Readiness is proven here: a load answered `done_reason: "load"` and the model in
 * /api/ps (ollama-api.md §4.2). Knows nothing of phases or of the cloud.
 */
import type { Clock } from '../../common/time/clock.js';
import type { MachineLink } from '../link/machine-link.js';
import {
  type Catalogue,
  type Instructions,
  MachineError,
  MachinePort,
  type MachineTarget,
  type ProbeOutcome,
} from '../provisioning/ports/machine.port.js';
import { modelNames, readCatalogue } from './catalogue-reader.js';
import { instructMachine, latchMachine, unlatchMachine } from './drain-latch.js';
import { parseObject } from './json-object.js';
import { fullModelName } from './model-name.js';
import { errorText, loadFault } from './ollama-faults.js';
import { type Answer, OllamaHttp } from './ollama-http.js';
import { pullModel } from './ollama-pull.js';

/** Ollama listens before it can answer, so an attempt is short and repeated. */
const PROBE_TIMEOUT_MS = 3_000;
const LIST_TIMEOUT_MS = 30_000;
const GREETING = 'Ollama is running';
/** Header of the answers of a latched machine. */
const LATCHED = 'x-gw-draining';

export class OllamaMachineAdapter extends MachinePort {
  private readonly http: OllamaHttp;

  constructor(
    private readonly link: MachineLink,
    private readonly port: number,
    private readonly clock: Clock,
  ) {
    super();
    this.http = new OllamaHttp(link, clock);
  }

  override targetOf(address: string, launchId: string, linkEpoch: number): MachineTarget {
    const host = address.includes(':') ? `[${address}]` : address;
    return { url: `${this.link.scheme}://${host}:${this.port}`, launchId, linkEpoch };
  }

  override async probe(target: MachineTarget): Promise<ProbeOutcome> {
    try {
      const limits = { timeoutMs: PROBE_TIMEOUT_MS, maxBytes: 1024 };
      const { status, headers, text } = await this.http.ask(target, { method: 'GET', path: '/' }, limits);
      if (status === 200 && text?.trim() === GREETING) return 'answered';
      if (status === 503 && headers[LATCHED]) return 'latched';
      // nginx's word for a certificate it does not take, or for none (coordination-and-link.md §2.5).
      return status === 400 && this.link.scheme === 'https' ? 'refused' : 'silent';
    } catch (error) {
      // No answer is an answer to the question that a probe asks.
      if (error instanceof MachineError) return error.kind === 'refused' ? 'refused' : 'silent';
      throw error;
    }
  }

  override instruct(target: MachineTarget, instructions: Instructions): Promise<void> {
    return instructMachine(this.http, target, instructions);
  }

  override latch(target: MachineTarget): Promise<number | null> {
    return latchMachine(this.http, this.clock, target);
  }

  override unlatch(target: MachineTarget): Promise<void> {
    return unlatchMachine(this.http, target);
  }

  override async has(target: MachineTarget, model: string): Promise<boolean> {
    return this.lists(target, '/api/tags', model);
  }

  override pull(
    target: MachineTarget,
    model: string,
    onProgress: (fraction: number) => void,
    signal: AbortSignal,
  ): Promise<void> {
    return pullModel(this.http, this.clock, target, model, onProgress, signal);
  }

  override async load(target: MachineTarget, model: string, signal: AbortSignal): Promise<void> {
    // No time limit: Ollama aborts a load when its client leaves, and the next one begins at zero.
    const post = (path: string, body: Record<string, unknown>): Promise<Answer> =>
      this.http.ask(
        target,
        { method: 'POST', path, body: { model, keep_alive: -1, ...body } },
        { timeoutMs: null, signal },
      );
    const generated = await post('/api/generate', { stream: false });
    const answer = parseObject(generated.text);
    if (generated.status === 400 && errorText(400, answer).includes('does not support generate')) {
      const embedded = await post('/api/embed', { input: [] });
      if (embedded.status !== 200) throw refusedLoad(model, embedded);
    } else if (generated.status !== 200) {
      throw refusedLoad(model, generated);
    } else if (answer?.done_reason !== 'load') {
      throw loadFault(model, generated.status, 'it did not say that the model is loaded');
    }
    if (!(await this.lists(target, '/api/ps', model, signal))) {
      throw loadFault(model, 200, 'it was loaded and is not among the running models');
    }
  }

  override catalogue(target: MachineTarget): Promise<Catalogue> {
    return readCatalogue(this.http, target, () => this.clock.nowMs());
  }

  /** Breaks every call under way. */
  close(): Promise<void> {
    return this.http.destroy();
  }

  private async lists(target: MachineTarget, path: string, model: string, signal?: AbortSignal): Promise<boolean> {
    const { status, text } = await this.http.ask(
      target,
      { method: 'GET', path },
      { timeoutMs: LIST_TIMEOUT_MS, signal },
    );
    if (status !== 200 || !parseObject(text)) {
      throw new MachineError('unreachable', `${target.url}${path} is not the list of an Ollama (status ${status}).`);
    }
    return modelNames(text).some((name) => fullModelName(name) === fullModelName(model));
  }
}

function refusedLoad(model: string, { status, text }: Answer): MachineError {
  return loadFault(model, status, errorText(status, parseObject(text)));
}

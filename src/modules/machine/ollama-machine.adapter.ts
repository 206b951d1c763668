/**
 * MachinePort over Ollama's HTTP API. Readiness is proven here: a load answered `done_reason: "load"` and the model in
 * /api/ps (ollama-api.md §4.2). Knows nothing of phases or of the cloud.
 */
import type { LinkConfig } from '../../common/config/link-config.js';
import type { Clock } from '../../common/time/clock.js';
import { type Catalogue, MachineError, MachinePort, type MachineUrl } from '../provisioning/ports/machine.port.js';
import { modelNames, readCatalogue } from './catalogue-reader.js';
import { parseObject } from './json-object.js';
import { fullModelName } from './model-name.js';
import { errorText, loadFault } from './ollama-faults.js';
import { type Answer, OllamaHttp } from './ollama-http.js';
import { pullModel } from './ollama-pull.js';

/** Ollama listens before it can answer, so an attempt is short and repeated. */
const PROBE_TIMEOUT_MS = 3_000;
const LIST_TIMEOUT_MS = 30_000;
const GREETING = 'Ollama is running';

export class OllamaMachineAdapter extends MachinePort {
  private readonly http: OllamaHttp;

  constructor(
    private readonly link: Pick<LinkConfig, 'port'>,
    private readonly clock: Clock,
  ) {
    super();
    this.http = new OllamaHttp(clock);
  }

  override urlOf(address: string): MachineUrl {
    const host = address.includes(':') ? `[${address}]` : address;
    return `http://${host}:${this.link.port}`;
  }

  override async probe(url: MachineUrl): Promise<boolean> {
    try {
      const limits = { timeoutMs: PROBE_TIMEOUT_MS, maxBytes: 1024 };
      const { status, text } = await this.http.ask(url, { method: 'GET', path: '/' }, limits);
      return status === 200 && text?.trim() === GREETING;
    } catch (error) {
      // No answer is an answer to the question that a probe asks.
      if (error instanceof MachineError) return false;
      throw error;
    }
  }

  override async has(url: MachineUrl, model: string): Promise<boolean> {
    return this.lists(url, '/api/tags', model);
  }

  override pull(
    url: MachineUrl,
    model: string,
    onProgress: (fraction: number) => void,
    signal: AbortSignal,
  ): Promise<void> {
    return pullModel(this.http, this.clock, url, model, onProgress, signal);
  }

  override async load(url: MachineUrl, model: string, signal: AbortSignal): Promise<void> {
    // No time limit: Ollama aborts a load when its client leaves, and the next one begins at zero.
    const post = (path: string, body: Record<string, unknown>): Promise<Answer> =>
      this.http.ask(
        url,
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
    if (!(await this.lists(url, '/api/ps', model, signal))) {
      throw loadFault(model, 200, 'it was loaded and is not among the running models');
    }
  }

  override catalogue(url: MachineUrl): Promise<Catalogue> {
    return readCatalogue(this.http, url, () => this.clock.nowMs());
  }

  /** Breaks every call under way. */
  close(): Promise<void> {
    return this.http.destroy();
  }

  private async lists(url: MachineUrl, path: string, model: string, signal?: AbortSignal): Promise<boolean> {
    const { status, text } = await this.http.ask(url, { method: 'GET', path }, { timeoutMs: LIST_TIMEOUT_MS, signal });
    if (status !== 200 || !parseObject(text)) {
      throw new MachineError('unreachable', `${url}${path} is not the list of an Ollama (status ${status}).`);
    }
    return modelNames(text).some((name) => fullModelName(name) === fullModelName(model));
  }
}

function refusedLoad(model: string, { status, text }: Answer): MachineError {
  return loadFault(model, status, errorText(status, parseObject(text)));
}

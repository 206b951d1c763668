/**
 * Asks a model behind the gateway and prints the answer as it comes. Needs nothing but Node's fetch.
 *
 *   node examples/retry-client.ts 'why is the sky blue?'        (Node 22.18 or newer; OLLAMA_URL and OLLAMA_MODEL can be set)
 *
 * While the machine is on its way the gateway answers with `provisioning: true` and says when to ask again. With
 * `provisioning: false` a person must act first: asking again is no use.
 */
import { setTimeout as sleep } from 'node:timers/promises';

const OLLAMA_URL = process.env.OLLAMA_URL ?? 'http://localhost:11434';
const MODEL = process.env.OLLAMA_MODEL ?? 'granite3.1-dense:8b';
/** A first start installs drivers and pulls the model: give it a quarter of an hour. */
const PATIENCE_MS = 15 * 60_000;
const USUAL_WAIT_SEC = 5;

/** The fields of the gateway's own errors that a client needs. */
interface Refusal {
  error?: string;
  provisioning?: boolean;
  retry_after?: number | null;
}

/** Resolves with the first answer that is a success. @throws Error with the text of the gateway or of Ollama */
async function post(path: string, body: object): Promise<Response> {
  const endMs = Date.now() + PATIENCE_MS;
  for (;;) {
    const response = await fetch(OLLAMA_URL + path, { method: 'POST', body: JSON.stringify(body) });
    if (response.ok) return response;
    const text = await response.text();
    const refusal = parse(text);
    if (refusal.provisioning !== true) throw new Error(refusal.error ?? `HTTP ${response.status}: ${text}`);
    const waitSec = Number(response.headers.get('retry-after') ?? refusal.retry_after ?? USUAL_WAIT_SEC);
    if (Date.now() + waitSec * 1000 > endMs) throw new Error(`not ready in time: ${refusal.error}`);
    console.error(`${refusal.error} Asking again in ${waitSec} s.`);
    await sleep(waitSec * 1000);
  }
}

function parse(text: string): Refusal {
  try {
    return JSON.parse(text) as Refusal;
  } catch {
    // Something between us and the gateway has answered: a proxy, a load balancer.
    return {};
  }
}

/** The lines of a streamed body, each as soon as it is whole. */
async function* linesOf(response: Response): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
  if (rest !== '') yield rest;
}

try {
  const answer = await post('/api/generate', { model: MODEL, prompt: process.argv[2] ?? 'why is the sky blue?' });
  for await (const line of linesOf(answer)) {
    const { response, error } = JSON.parse(line) as { response?: string; error?: string };
    // A failure in the middle of a stream is its last line: the status was sent long ago.
    if (error) throw new Error(error);
    process.stdout.write(response ?? '');
  }
  process.stdout.write('\n');
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

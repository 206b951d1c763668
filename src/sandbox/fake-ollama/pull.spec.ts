import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ManualClock } from '../../../test/support/manual-clock.js';
import { until } from '../../../test/support/until.js';
import { FakeOllama } from './fake-ollama.js';
import { ModelDisk } from './model-disk.js';

interface Line {
  status?: string;
  error?: string;
  total?: number;
  completed?: number;
}

describe('a pull from the fake Ollama', () => {
  let clock: ManualClock;
  let ollama: FakeOllama;

  beforeEach(async () => {
    clock = new ManualClock();
    ollama = await FakeOllama.start({ clock, disk: new ModelDisk(10) });
    ollama.behaviour.pullMs = 600;
  });
  afterEach(() => ollama.close());

  const request = (body: object, signal?: AbortSignal): Promise<Response> =>
    fetch(`${ollama.url}/api/pull`, { method: 'POST', body: JSON.stringify(body), signal });
  /** Pulls to the end, moving time on as long as it takes. */
  const pull = async (body: object): Promise<{ status: number; lines: Line[] }> => {
    let ended = false;
    const answer = request(body).then(async (response) => ({ status: response.status, text: await response.text() }));
    void answer.finally(() => (ended = true));
    while (!ended) await clock.advance(60);
    const { status, text } = await answer;
    const lines = text.trim().split('\n');
    return { status, lines: lines.map((line) => JSON.parse(line) as Line) };
  };

  it('reports the manifest, growing progress and success', async () => {
    const { lines } = await pull({ model: 'granite3.1-dense:8b' });
    expect(lines[0]).toEqual({ status: 'pulling manifest' });
    expect(lines.slice(-3).map((one) => one.status)).toEqual([
      'verifying sha256 digest',
      'writing manifest',
      'success',
    ]);
    const completed = lines.filter((one) => one.total).map((one) => one.completed ?? 0);
    expect(completed.length).toBeGreaterThan(5);
    expect(completed).toEqual([...completed].sort((a, b) => a - b));
    expect(completed.at(-1)).toBe(4_800_000_000);
    expect(ollama.disk.find('granite3.1-dense:8b')).toBeDefined();
  });

  it('answers with the last status alone when streaming is off', async () => {
    expect(await pull({ name: 'granite', stream: false })).toEqual({ status: 200, lines: [{ status: 'success' }] });
  });

  it('reports an unknown model inside a 200', async () => {
    const { status, lines } = await pull({ model: 'nosuch:1b' });
    expect(status).toBe(200);
    expect(lines).toEqual([{ status: 'pulling manifest' }, { error: 'pull model manifest: file does not exist' }]);
  });

  it('reports it with 500 when streaming is off', async () => {
    expect((await pull({ model: 'nosuch:1b', stream: false })).status).toBe(500);
  });

  it.each([
    ['the model is larger than the disk', 'llama3.3:70b', undefined],
    ['a test says so', 'granite3.1-dense:8b', 'disk' as const],
  ])('runs out of space on the way when %s', async (_what, model, refusal) => {
    if (refusal) ollama.behaviour.refusals.set(model, refusal);
    const { lines } = await pull({ model });
    expect(lines.at(-1)?.error).toMatch(/no space left on device$/);
    expect(lines.at(-2)).toHaveProperty('completed');
    expect(ollama.disk.find(model)).toBeUndefined();
  });

  it('goes on where a client that left has stopped it', async () => {
    const abort = new AbortController();
    const response = request({ model: 'granite3.1-dense:8b' }, abort.signal);
    await until(() => ollama.journal.list().some((one) => one.bodyLength > 0));
    await response;
    await clock.advance(300);
    abort.abort();
    await until(() => ollama.journal.list()[0]?.aborted === true);
    const { lines } = await pull({ model: 'granite3.1-dense:8b' });
    expect(lines[1]?.completed).toBeGreaterThan(1_000_000_000);
  });

  it('has nothing to fetch for a model that is there', async () => {
    ollama.disk.add('granite3.1-dense:8b', 0);
    expect((await pull({ model: 'granite3.1-dense:8b' })).lines).toHaveLength(5);
  });
});

/** Loading and generating: silences, streams and what happens when a client leaves. Time moves by hand. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { connect, type Socket } from 'node:net';
import { ManualClock, settle } from '../../../test/support/manual-clock.js';
import { until } from '../../../test/support/until.js';
import { FakeOllama } from './fake-ollama.js';
import { ModelDisk } from './model-disk.js';

const MODEL = 'granite3.1-dense:8b';

describe('an inference of the fake Ollama', () => {
  let clock: ManualClock;
  let ollama: FakeOllama;
  const sockets: Socket[] = [];

  beforeEach(async () => {
    clock = new ManualClock();
    ollama = await FakeOllama.start({ clock, disk: new ModelDisk(50, [MODEL, 'nomic-embed-text']) });
    Object.assign(ollama.behaviour, { loadMs: 1000, firstTokenMs: 5000, tokenMs: 100, tokens: 3 });
  });
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    await ollama.close();
  });

  /** Sends a request and counts the bytes that come back. */
  const ask = (path: string, body: object): { received: () => string; leave: () => void } => {
    const socket = connect(Number(new URL(ollama.url).port), '127.0.0.1');
    sockets.push(socket);
    const text = JSON.stringify({ model: MODEL, ...body });
    socket.write(`POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: ${text.length}\r\n\r\n${text}`);
    let received = '';
    socket.on('data', (chunk) => (received += chunk.toString()));
    return { received: () => received, leave: () => socket.destroy() };
  };
  const arrived = (count: number): Promise<void> =>
    until(() => ollama.journal.list().filter((one) => one.bodyLength > 0).length === count).then(settle);
  const inMemory = async (): Promise<{ name: string; expires_at: string }[]> =>
    ((await (await fetch(`${ollama.url}/api/ps`)).json()) as { models: { name: string; expires_at: string }[] }).models;
  const warm = async (): Promise<void> => {
    const load = ask('/api/generate', { keep_alive: -1 });
    await arrived(1);
    await clock.advance(1000);
    await until(() => load.received().includes('"done_reason":"load"'));
  };

  it('sends nothing, not even headers, before the first token', async () => {
    const { received } = ask('/api/chat', { messages: [{ role: 'user', content: 'why?' }] });
    await arrived(1);
    await clock.advance(1000 + 4999);
    expect(received()).toBe('');
    expect(ollama.journal.openStreams()).toBe(1);
    await clock.advance(1);
    await until(() => received().includes('"content":"The"'));
    expect(received()).toContain('Content-Type: application/x-ndjson');
    expect(received()).not.toContain('"done":true');
  });

  it('ends a stream with a line of durations in nanoseconds', async () => {
    await warm();
    const { received } = ask('/api/generate', { prompt: 'why?' });
    await arrived(2);
    await clock.advance(5200);
    await until(() => received().includes('"done":true'));
    const last = JSON.parse(/\{.*"done":true.*\}/.exec(received())?.[0] ?? '') as Record<string, unknown>;
    expect(last).toMatchObject({ done_reason: 'stop', eval_count: 3, eval_duration: 5_200_000_000 });
    // Loaded before: the metric is zero, and zero metrics are left out.
    expect(last).not.toHaveProperty('load_duration');
    await until(() => ollama.journal.openStreams() === 0);
  });

  it('answers with one object when streaming is off', async () => {
    Object.assign(ollama.behaviour, { loadMs: 0, firstTokenMs: 0, tokenMs: 0 });
    const body = JSON.stringify({ model: MODEL, prompt: 'why?', stream: false, options: { num_predict: 2 } });
    const answer = fetch(`${ollama.url}/api/generate`, { method: 'POST', body });
    await arrived(1);
    await clock.advance(0);
    const response = await answer;
    expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(await response.json()).toMatchObject({ response: 'The sky', done: true, done_reason: 'length' });
  });

  it('shows a model in /api/ps only when its load has ended', async () => {
    ask('/api/generate', { keep_alive: -1 });
    await arrived(1);
    await clock.advance(999);
    expect(await inMemory()).toEqual([]);
    await clock.advance(1);
    expect(await inMemory()).toMatchObject([{ name: MODEL }]);
  });

  it('loses a load whose client leaves, and starts from zero for the next', async () => {
    const first = ask('/api/generate', {});
    await arrived(1);
    const second = ask('/api/generate', {});
    await arrived(2);
    await clock.advance(900);
    first.leave();
    await until(() => ollama.journal.list()[0]?.aborted === true);
    await clock.advance(900);
    expect(await inMemory()).toEqual([]);
    await clock.advance(100);
    await until(() => second.received().includes('"done_reason":"load"'));
  });

  it('keeps a model for ever on a negative keep_alive, and five minutes by default', async () => {
    await warm();
    expect(new Date((await inMemory())[0]?.expires_at ?? 0).getUTCFullYear()).toBeGreaterThan(2300);
    ask('/api/generate', { keep_alive: '5m' });
    await arrived(2);
    await clock.advance(299_999);
    expect(await inMemory()).toHaveLength(1);
    await clock.advance(1);
    expect(await inMemory()).toEqual([]);
  });

  it('unloads on an empty prompt with keep_alive 0, at once', async () => {
    await warm();
    const { received } = ask('/api/chat', { messages: [], keep_alive: 0 });
    await until(() => received().includes('"done_reason":"unload"'));
    expect(await inMemory()).toEqual([]);
  });

  it('notices that a client left in the middle of a stream', async () => {
    await warm();
    const client = ask('/api/generate', { prompt: 'why?' });
    await arrived(2);
    await clock.advance(5000);
    await until(() => client.received().includes('"response":"The"'));
    client.leave();
    await until(() => ollama.journal.list().at(-1)?.aborted === true);
    expect(ollama.journal.openStreams()).toBe(0);
  });

  it('refuses to generate with an embedding model, and loads it through /api/embed', async () => {
    const generate = ask('/api/generate', { model: 'nomic-embed-text' });
    await until(() => generate.received().includes('"\\"nomic-embed-text\\" does not support generate"'));
    const embed = ask('/api/embed', { model: 'nomic-embed-text', input: [] });
    await arrived(2);
    await clock.advance(1000);
    await until(() => embed.received().includes('"embeddings":[]'));
    expect(await inMemory()).toMatchObject([{ name: 'nomic-embed-text:latest' }]);
  });

  it('answers 500 when the runner dies', async () => {
    ollama.behaviour.refusals.set(MODEL, 'load-error');
    const { received } = ask('/api/generate', {});
    await arrived(1);
    await clock.advance(1000);
    await until(() => received().includes('out of memory'));
    expect(received()).toContain('HTTP/1.1 500');
  });

  it('is refused by a full queue with 503 and no Retry-After', async () => {
    ollama.behaviour.busy = true;
    const response = await fetch(`${ollama.url}/api/chat`, { method: 'POST', body: '{}' });
    expect([response.status, response.headers.has('retry-after')]).toEqual([503, false]);
    const error = 'server busy, please try again.  maximum pending requests exceeded';
    expect(await response.json()).toEqual({ error });
  });

  it('never answers while it hangs', async () => {
    ollama.behaviour.hang = true;
    const { received, leave } = ask('/', {});
    await until(() => ollama.journal.list().length === 1);
    await clock.advance(60_000);
    expect(received()).toBe('');
    leave();
    await until(() => ollama.journal.list()[0]?.aborted === true);
  });
});

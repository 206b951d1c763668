/** The dialects of other vendors: SSE framing, usage and the events their clients wait for. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { FakeOllama } from './fake-ollama.js';
import { ModelDisk } from './model-disk.js';

const MODEL = 'granite3.1-dense:8b';

describe('the vendor routes of the fake Ollama', () => {
  let ollama: FakeOllama;
  beforeEach(async () => {
    ollama = await FakeOllama.start({ disk: new ModelDisk(50, [MODEL]) });
    Object.assign(ollama.behaviour, { loadMs: 0, tokenMs: 0, tokens: 3 });
  });
  afterEach(() => ollama.close());

  const post = (path: string, body: object): Promise<Response> =>
    fetch(ollama.url + path, { method: 'POST', body: JSON.stringify({ model: MODEL, ...body }) });
  const events = async (response: Response): Promise<{ name: string | undefined; data: string }[]> => {
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    const blocks = (await response.text()).trim().split('\n\n');
    return blocks.map((block) => ({
      name: /^event: (.*)$/m.exec(block)?.[1],
      data: /^data: (.*)$/m.exec(block)?.[1] ?? '',
    }));
  };

  it('answers a chat completion as one object by default', async () => {
    const body = (await (await post('/v1/chat/completions', { messages: [] })).json()) as object;
    expect(body).toMatchObject({
      object: 'chat.completion',
      choices: [{ message: { role: 'assistant', content: 'The sky is' }, finish_reason: 'stop' }],
      usage: { completion_tokens: 3, total_tokens: 10 },
    });
  });

  it.each([
    { include: false, expected: ['The', ' sky', ' is', undefined] },
    { include: true, expected: ['The', ' sky', ' is', undefined, 'usage'] },
  ])('streams chunks, with usage only when asked for: $include', async ({ include, expected }) => {
    const response = await post('/v1/chat/completions', { stream: true, stream_options: { include_usage: include } });
    const all = await events(response);
    expect(all.at(-1)?.data).toBe('[DONE]');
    const chunks = all.slice(0, -1).map(({ data }) => {
      return JSON.parse(data) as { choices: { delta: { content?: string }; finish_reason: string | null }[] };
    });
    const seen = chunks.map(({ choices: [choice] }) => (choice ? choice.delta.content : 'usage'));
    expect(seen).toEqual(expected);
    expect(chunks[3]?.choices[0]?.finish_reason).toBe('stop');
  });

  it('streams text completions', async () => {
    const all = await events(await post('/v1/completions', { stream: true, prompt: 'x', max_tokens: 1 }));
    expect(JSON.parse(all[0]?.data ?? '')).toMatchObject({ object: 'text_completion', choices: [{ text: 'The' }] });
  });

  it('gives as many embeddings as inputs', async () => {
    const body = (await (await post('/v1/embeddings', { input: ['a', 'b'] })).json()) as { data: object[] };
    expect(body.data).toMatchObject([{ index: 0 }, { index: 1 }]);
  });

  it('lists models, as null when there are none', async () => {
    expect(await (await fetch(`${ollama.url}/v1/models`)).json()).toMatchObject({ data: [{ id: MODEL }] });
    expect((await fetch(`${ollama.url}/v1/models/${MODEL}`)).status).toBe(200);
    ollama.disk.remove(MODEL);
    expect(await (await fetch(`${ollama.url}/v1/models`)).json()).toEqual({ object: 'list', data: null });
    expect((await fetch(`${ollama.url}/v1/models/${MODEL}`)).status).toBe(404);
  });

  it.each([
    {
      path: '/v1/responses',
      body: { input: 'x' },
      names: ['response.created', ...Array<string>(3).fill('response.output_text.delta'), 'response.completed'],
    },
    {
      path: '/v1/messages',
      body: { max_tokens: 3, messages: [] },
      names: [
        'message_start',
        'content_block_start',
        ...Array<string>(3).fill('content_block_delta'),
        'content_block_stop',
        'message_delta',
        'message_stop',
      ],
    },
  ])('streams $path with named events and answers one object otherwise', async ({ path, body, names }) => {
    expect((await events(await post(path, { ...body, stream: true }))).map((one) => one.name)).toEqual(names);
    expect(JSON.stringify(await (await post(path, body)).json())).toContain('The sky is');
  });

  it('needs max_tokens for messages', async () => {
    const response = await post('/v1/messages', { messages: [] });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { type: 'invalid_request_error' } });
  });
});

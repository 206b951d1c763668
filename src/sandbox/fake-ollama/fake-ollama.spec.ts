/** The surface of the fake Ollama: what it answers whatever the model. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { FakeOllama } from './fake-ollama.js';
import { ModelDisk } from './model-disk.js';

describe('the fake Ollama', () => {
  let ollama: FakeOllama;
  beforeEach(async () => {
    ollama = await FakeOllama.start({ disk: new ModelDisk(50, ['granite3.1-dense:8b', 'all-minilm-embed']) });
  });
  afterEach(() => ollama.close());

  const call = (method: string, path: string, init: RequestInit = {}): Promise<Response> =>
    fetch(ollama.url + path, { method, redirect: 'manual', ...init });
  const post = (path: string, body: unknown): Promise<Response> => call('POST', path, { body: JSON.stringify(body) });

  it.each(['GET', 'HEAD'])('says that it is running on %s /', async (method) => {
    const response = await call(method, '/');
    expect(response.status).toBe(200);
    expect(response.headers.get('content-length')).toBe('17');
    expect(await response.text()).toBe(method === 'GET' ? 'Ollama is running' : '');
  });

  it('sends the headers of a Go server and none of Node', async () => {
    const { headers } = await call('GET', '/api/version');
    expect([...headers.keys()]).toEqual(['content-length', 'content-type', 'date']);
  });

  it('answers unknown paths with the 404 text of gin', async () => {
    const response = await call('POST', '/api/nosuch');
    expect(response.status).toBe(404);
    expect(response.headers.get('content-type')).toBe('text/plain');
    expect(await response.text()).toBe('404 page not found');
  });

  it.each([
    ['DELETE', '/api/tags', 'GET, HEAD'],
    ['HEAD', '/api/ps', 'GET'],
    ['GET', '/api/blobs/x', 'HEAD, POST'],
  ])('answers %s %s with 405 and the methods that are allowed', async (method, path, allowed) => {
    const response = await call(method, path);
    expect(response.status).toBe(405);
    expect(response.headers.get('allow')).toBe(allowed);
  });

  it.each([
    ['GET', '/api/tags/', 301],
    ['POST', '/api/generate/', 307],
  ])('redirects %s %s with %i', async (method, path, status) => {
    const response = await call(method, path);
    expect(response.status).toBe(status);
    expect(response.headers.get('location')).toBe(path.slice(0, -1));
  });

  it.each([
    ['no body', undefined, 'missing request body'],
    ['a body that is no JSON', 'why?', "invalid character 'w' looking for beginning of value"],
  ])('refuses %s with the words of Go', async (_what, body, error) => {
    const response = await call('POST', '/api/chat', { body });
    expect(response.status).toBe(400);
    expect(await response.json()).toEqual({ error });
  });

  it.each([
    ['/api/chat', { error: "model 'nix' not found" }],
    ['/api/embed', { error: 'model "nix" not found, try pulling it first' }],
    [
      '/v1/chat/completions',
      { error: { message: "model 'nix' not found", type: 'not_found_error', param: null, code: null } },
    ],
    [
      '/v1/messages',
      {
        type: 'error',
        error: { type: 'not_found_error', message: "model 'nix' not found" },
        request_id: 'req_simulated',
      },
    ],
  ])('says in the dialect of %s that a model is missing', async (path, expected) => {
    const response = await post(path, { model: 'nix', messages: [{ role: 'user', content: 'hi' }] });
    expect(response.status).toBe(404);
    expect(await response.json()).toEqual(expected);
  });

  it('lists, describes, copies and deletes models, whatever the case of their names', async () => {
    const names = async (): Promise<string[]> => {
      const body = (await (await call('GET', '/api/tags')).json()) as { models: { name: string }[] };
      return body.models.map((one) => one.name);
    };
    expect(await names()).toEqual(['granite3.1-dense:8b', 'all-minilm-embed:latest']);
    expect(await (await post('/api/show', { model: 'GRANITE3.1-dense:8b' })).json()).toMatchObject({
      capabilities: ['completion', 'tools'],
    });
    expect((await post('/api/copy', { source: 'all-minilm-embed', destination: 'mine' })).status).toBe(200);
    const deletion = { body: JSON.stringify({ model: 'granite3.1-dense:8b' }) };
    expect((await call('DELETE', '/api/delete', deletion)).status).toBe(200);
    expect((await call('DELETE', '/api/delete', deletion)).status).toBe(404);
    expect(await names()).toEqual(['all-minilm-embed:latest', 'mine:latest']);
  });

  it('takes a blob once, and refuses one whose digest is another', async () => {
    const path = '/api/blobs/sha256-2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824';
    expect((await call('HEAD', path)).status).toBe(404);
    expect((await call('POST', path, { body: 'hallo' })).status).toBe(400);
    expect((await call('POST', path, { body: 'hello' })).status).toBe(201);
    expect((await call('POST', path, { body: 'hello' })).status).toBe(200);
    expect((await call('HEAD', path)).status).toBe(200);
    expect(ollama.journal.list().map((one) => one.bodyLength)).toEqual([0, 5, 5, 0, 0]);
  });

  it('answers preflights of local origins and shuts others out', async () => {
    const headers = { Origin: 'http://localhost:3000' };
    const preflight = await call('OPTIONS', '/api/chat', { headers });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('access-control-allow-origin')).toBe('http://localhost:3000');
    expect((await call('GET', '/api/nosuch', { headers })).headers.get('access-control-allow-origin')).not.toBeNull();
    const foreign = await call('GET', '/', { headers: { Origin: 'https://example.com' } });
    expect([foreign.status, await foreign.text()]).toEqual([403, '']);
  });
});

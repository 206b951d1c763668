import { describe, expect, it } from '@jest/globals';
import type { Catalogue } from '../provisioning/provisioning.gate.js';
import { catalogueAnswer, showAnswer, unloadAnswer, versionOf } from './sleeping-ollama.js';

const CONFIGURED = { models: ['granite3.1-dense:8b', 'nomic-embed-text'], version: '0.32.15' };
const LAST_CONTACT: Catalogue = {
  version: '{"version":"0.33.0"}',
  tags: '{"models":[{"name":"qwen3:4b","model":"qwen3:4b","size":5}]}',
  show: { 'qwen3:4b': '{"capabilities":["tools"]}' },
  atMs: 0,
};

function body(answer: { body: string } | null): unknown {
  return JSON.parse(answer?.body ?? 'null');
}

describe('a sleeping Ollama', () => {
  it('answers from configuration before the first contact', () => {
    expect(body(catalogueAnswer('/api/version', null, CONFIGURED))).toEqual({ version: '0.32.15' });
    expect(body(catalogueAnswer('/api/tags', null, CONFIGURED))).toMatchObject({
      models: [{ name: 'granite3.1-dense:8b' }, { name: 'nomic-embed-text:latest' }],
    });
    expect(body(catalogueAnswer('/v1/models', null, CONFIGURED))).toMatchObject({
      object: 'list',
      data: [{ id: 'granite3.1-dense:8b', object: 'model' }, {}],
    });
  });

  it('answers with its own words of the last contact', () => {
    expect(catalogueAnswer('/api/version', LAST_CONTACT, CONFIGURED)?.body).toBe(LAST_CONTACT.version);
    expect(catalogueAnswer('/api/tags', LAST_CONTACT, CONFIGURED)?.body).toBe(LAST_CONTACT.tags);
    expect(body(catalogueAnswer('/v1/models', LAST_CONTACT, CONFIGURED))).toMatchObject({ data: [{ id: 'qwen3:4b' }] });
  });

  it('has nothing loaded', () => {
    expect(body(catalogueAnswer('/api/ps', LAST_CONTACT, CONFIGURED))).toEqual({ models: [] });
  });

  it('marks every such answer', () => {
    expect(catalogueAnswer('/api/tags', null, CONFIGURED)?.headers).toMatchObject({ 'x-gateway-cache': 'sleeping' });
  });

  it.each([
    ['qwen3:4b', 200],
    ['QWEN3:4B', 200],
    ['qwen3', 404],
    [null, 400],
  ])('shows %s with %s', (model, status) => {
    expect(showAnswer(model, LAST_CONTACT, CONFIGURED).status).toBe(status);
  });

  it('shows a configured model before the first contact', () => {
    expect(showAnswer('nomic-embed-text', null, CONFIGURED).status).toBe(200);
  });

  it.each([
    ['/api/generate', { response: '' }],
    ['/api/chat', { message: { role: 'assistant', content: '' } }],
  ])('has unloaded already what %s asks to unload', (route, shape) => {
    expect(body(unloadAnswer(route, 'qwen3:4b', 0))).toMatchObject({
      model: 'qwen3:4b',
      done: true,
      done_reason: 'unload',
      ...shape,
    });
  });

  it.each([
    ['ollama/ollama:0.32.15', '0.32.15'],
    ['registry:5000/ollama:v0.30.1-rc2@sha256:abc', '0.30.1-rc2'],
    ['ollama/ollama:latest', '0.0.0'],
  ])('takes the version of %s as %s', (image, version) => {
    expect(versionOf(image)).toBe(version);
  });
});

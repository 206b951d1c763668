import { describe, expect, it } from '@jest/globals';
import { errorText, loadFault, pullFault } from './ollama-faults.js';

describe('what Ollama says when a pull fails', () => {
  it.each([
    ['pull model manifest: file does not exist', 'model_missing'],
    ['model "nope" not found, try pulling it first', 'model_missing'],
    [
      'pull model manifest: 404: {"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}',
      'model_missing',
    ],
    ['invalid model name', 'model_missing'],
    ['write /root/.ollama/models/blobs/sha256-1-partial: no space left on device', 'disk_full'],
    ['max retries exceeded: write /root/.ollama/models/blobs/sha256-1-partial-0: no space left on device', 'disk_full'],
    [
      'pull model manifest: Get "https://registry.ollama.ai/v2/": dial tcp: lookup registry.ollama.ai: no such host',
      'unreachable',
    ],
    ['max retries exceeded: Get "https://x.example/": net/http: TLS handshake timeout', 'unreachable'],
    ['max retries exceeded: unexpected EOF', 'unreachable'],
    ['read tcp 10.0.0.1:1->10.0.0.2:443: read: connection reset by peer', 'unreachable'],
    ['pull model manifest: 503: service unavailable', 'unreachable'],
    ['pull model manifest: 401: {"error":"Invalid username or password."}', 'model_failed'],
    ['this model requires a newer version of Ollama', 'model_failed'],
    ['', 'model_failed'],
  ])('%p is %s', (text, kind) => {
    const error = pullFault('m:1', text);
    expect(error.kind).toBe(kind);
    expect(error.message).toBe(`Ollama could not pull m:1: ${text}`);
  });

  it('is kept on one line and cut when it is long', () => {
    expect(pullFault('m', 'a\n  b').message).toBe('Ollama could not pull m: a b');
    expect(pullFault('m', 'x'.repeat(5000)).message.length).toBeLessThan(500);
  });
});

describe('what Ollama says when a load fails', () => {
  it.each([
    [404, "model 'm' not found", 'model_failed'],
    [500, 'model requires more system memory (9 GiB) than is available (7 GiB)', 'model_failed'],
    [503, 'server busy, please try again.  maximum pending requests exceeded', 'unreachable'],
    [502, 'it answered with status 502', 'unreachable'],
  ])('status %i, %p is %s', (status, text, kind) => {
    expect(loadFault('m', status, text).kind).toBe(kind);
  });
});

describe('the text of an error', () => {
  it.each([
    [{ error: 'too bad' }, 'too bad'],
    [{ error: '' }, 'it answered with status 500'],
    [{ error: { message: 'nested' } }, 'it answered with status 500'],
    [null, 'it answered with status 500'],
  ])('of %j is %p', (body, text) => {
    expect(errorText(500, body)).toBe(text);
  });
});

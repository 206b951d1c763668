import { describe, expect, it } from '@jest/globals';
import { corsHeaders, preflightHeaders } from './cors.js';

describe('the CORS headers of our own answers', () => {
  it.each([
    ['http://localhost', true],
    ['http://localhost:3000', true],
    ['https://127.0.0.1:8443', true],
    ['http://0.0.0.0:1', true],
    ['app://obsidian.md', true],
    ['tauri://localhost', true],
    ['vscode-webview://abc', true],
    ['https://evil.example', false],
    ['http://localhost.evil.example', false],
    ['null', false],
    [undefined, false],
  ])('allow %s: %s', (origin, allowed) => {
    expect(corsHeaders(origin)['access-control-allow-origin']).toBe(allowed ? origin : undefined);
    expect('access-control-max-age' in preflightHeaders(origin)).toBe(allowed);
  });
});

import { describe, expect, it } from '@jest/globals';
import { isModelManagement } from './model-management.js';

describe('a route that changes the models of the machine', () => {
  it.each([
    '/api/pull',
    '/api/push',
    '/api/create',
    '/api/copy',
    '/api/delete',
    '/api/blobs/sha256:0000',
    '/api/blobs',
    '/api/pull?stream=false',
    '/api/pull/',
    '/API/PULL',
    '//api/pull',
    '/api//pull',
    '/api/./pull',
    '/api/x/../pull',
    '/api/tags/../pull',
    '/x/../api/pull',
    '/api/%252e%252e/../pull',
    '/api/%70ull',
    '/%61pi/pull',
    '/api/%2570ull',
    '/api%2fpull',
    '/api\\pull',
    '/api/pull;x',
    '/api/pull%20',
    '/api/pull#x',
    'http://gateway/api/pull',
    'http://gateway//api/pull',
  ])('is recognised as %s', (target) => {
    expect(isModelManagement(target)).toBe(true);
  });

  it.each([
    '/',
    '/api/generate',
    '/api/tags?pull',
    '/api/tags?x=/api/pull',
    '/api/puller',
    '/pull',
    '/pull/api',
    '/v1/models/pull',
    '/v1/models/hf.co%2fuser%2fcopy',
    '/health/live',
  ])('is not what %s names', (target) => {
    expect(isModelManagement(target)).toBe(false);
  });
});

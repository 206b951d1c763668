import { describe, expect, it } from '@jest/globals';
import { routeClassOf } from './route-class.js';

describe('the class of a route', () => {
  it.each([
    ['/api/chat', 'chat'],
    ['/api/generate', 'generate'],
    ['/api/embeddings', 'embed'],
    ['/v1/chat/completions', 'openai'],
    ['/v1/audio/transcriptions', 'openai'],
    ['/v1/messages', 'anthropic'],
    ['/v1/models', 'models'],
    ['/v1/models/granite', 'models'],
    ['/api/blobs/sha256:00', 'management'],
    ['/api/pull', 'management'],
    ['/', 'own'],
    ['/health/ready', 'own'],
    ['/api/me', 'other'],
    ['/wp-login.php', 'other'],
    ['/metrics', 'other'],
    ['', 'other'],
  ])('of %s is %s', (path, expected) => {
    expect(routeClassOf(path)).toBe(expected);
  });
});

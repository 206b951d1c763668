import { describe, expect, it } from '@jest/globals';
import { isOwn, isWork, pathOf, routeOf } from './routes.js';

describe('a sleeping gateway', () => {
  it.each([
    ['POST', '/api/generate', 'work-or-unload'],
    ['POST', '/api/chat', 'work-or-unload'],
    ['POST', '/api/embed', 'work'],
    ['POST', '/v1/chat/completions', 'work'],
    ['POST', '/v1/messages', 'work'],
    ['DELETE', '/api/delete', 'work'],
    ['POST', '/api/blobs/sha256:abc', 'work'],
    ['HEAD', '/api/blobs/sha256:abc', 'read'],
    ['POST', '/api/show', 'catalogue'],
    ['GET', '/api/tags', 'catalogue'],
    ['GET', '/v1/models', 'catalogue'],
    ['GET', '/v1/models/granite', 'read'],
  ])('treats %s %s as %s', (method, path, kind) => {
    expect(routeOf(method, path)).toMatchObject({ kind });
  });

  it.each(['/api/nothing', '/v1', '/v1/nothing', '/wp-admin', '/api/blobs/', '/api/blobs/a/b', '/constructor'])(
    'does not know %s',
    (path) => {
      expect(routeOf('POST', path)).toBeNull();
    },
  );

  it('says which methods a path allows', () => {
    expect(routeOf('POST', '/api/tags')).toEqual({ allow: 'GET, HEAD' });
  });
});

describe('a request to a machine that is awake', () => {
  it.each([
    ['POST', '/api/generate', true],
    ['PUT', '/api/whatever', true],
    ['DELETE', '/api/delete', true],
    ['POST', '/api/show', false],
    ['GET', '/api/tags', false],
    ['HEAD', '/api/blobs/x', false],
    ['OPTIONS', '/api/chat', false],
  ])('%s %s is work: %s', (method, path, work) => {
    expect(isWork(method, path)).toBe(work);
  });
});

describe('the request target', () => {
  it.each([
    ['/api/tags?x=1', '/api/tags'],
    ['http://host:1/api/tags?x', '/api/tags'],
    ['http://host', '/'],
    ['/', '/'],
  ])('%s has the path %s', (target, path) => {
    expect(pathOf(target)).toBe(path);
  });

  it.each([
    ['GET', '/', true],
    ['POST', '/', false],
    ['GET', '/status', true],
    ['GET', '/health/live', true],
    ['GET', '/api/status', false],
  ])('%s %s is the gateway’s own: %s', (method, path, own) => {
    expect(isOwn(method, path)).toBe(own);
  });
});

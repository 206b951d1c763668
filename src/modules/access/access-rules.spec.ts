import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { describe, expect, it } from '@jest/globals';
import { AccessRules, type Caller } from './access-rules.js';
import { parseApiKeys } from './api-keys.js';

const { keys } = parseApiKeys(`alice:${createHash('sha256').update('sk-alice').digest('hex')}`);
const closed = new AccessRules({ current: keys }, 'allow');
const open = new AccessRules(null, 'allow');
const denying = new AccessRules(null, 'deny');

const request = (method: string, url: string, headers: Record<string, string> = {}) =>
  ({ method, url, headers }) as unknown as IncomingMessage;

describe('a gateway with API keys', () => {
  it.each([
    [{ authorization: 'Bearer sk-alice' }],
    [{ authorization: 'bearer   sk-alice ' }],
    [{ 'x-api-key': 'sk-alice' }],
    [{ authorization: 'Basic dXNlcjpwYXNz', 'x-api-key': 'sk-alice' }],
    [{ authorization: 'Bearer of-an-ingress', 'x-api-key': 'sk-alice' }],
  ])('lets in whoever presents one, and knows who it is: %j', (headers) => {
    const caller: Caller = {};
    expect(closed.refusalOf(request('POST', '/api/chat', headers as Record<string, string>), caller)).toBeNull();
    expect(caller).toEqual({ key: 'alice' });
  });

  it.each([
    [{}],
    [{ authorization: 'Bearer' }],
    [{ authorization: 'Bearer ' }],
    [{ authorization: 'Bearer sk-bob' }],
    [{ authorization: 'Bearer sk-alice sk-alice' }],
    [{ authorization: 'sk-alice' }],
    [{ authorization: 'Basic c2stYWxpY2U6c2stYWxpY2U=' }],
    [{ 'x-api-key': 'sk-bob' }],
    [{ 'x-api-key': '' }],
    [{ 'x-api-key': 'sk-alice, sk-alice' }],
    [{ cookie: 'x-api-key=sk-alice' }],
  ])('lets in nobody else: %j', (headers) => {
    const caller: Caller = {};
    expect(closed.refusalOf(request('GET', '/api/tags', headers as Record<string, string>), caller)).toBe(
      'unauthorized',
    );
    expect(caller).toEqual({});
  });

  it.each(['/', '/status', '/api/version', '/health', '/healthz', '/nothing', '//health/live', '/api/../health/live'])(
    'needs one for %s',
    (path) => {
      expect(closed.refusalOf(request('GET', path), {})).toBe('unauthorized');
    },
  );

  it.each(['/health/live', '/health/ready?x', '/health/nothing'])('needs none for the probe %s', (path) => {
    expect(closed.refusalOf(request('GET', path), {})).toBeNull();
  });

  it('needs none for a browser’s preflight, but for an OPTIONS that is none', () => {
    const asked = { 'access-control-request-method': 'POST' };
    expect(closed.refusalOf(request('OPTIONS', '/api/chat', asked), {})).toBeNull();
    expect(closed.refusalOf(request('OPTIONS', '/api/chat'), {})).toBe('unauthorized');
    expect(closed.refusalOf(request('POST', '/api/chat', asked), {})).toBe('unauthorized');
  });

  it('says nothing of internal paths, with a key or without', () => {
    for (const headers of [{}, { 'x-api-key': 'sk-alice' }]) {
      expect(closed.refusalOf(request('PUT', '/__link/drain', headers as Record<string, string>), {})).toBe(
        'not_found',
      );
    }
  });
});

describe('a gateway without API keys', () => {
  it('lets everybody in, with whatever they present', () => {
    const caller: Caller = {};
    expect(open.refusalOf(request('POST', '/api/pull', { authorization: 'Bearer x' }), caller)).toBeNull();
    expect(caller).toEqual({});
  });

  it.each(['GET', 'PUT', 'OPTIONS', 'PROPFIND'])('has nothing at internal paths for %s', (method) => {
    const headers = { 'access-control-request-method': 'PUT' };
    expect(open.refusalOf(request(method, '/%5f_link/drain', headers), {})).toBe('not_found');
  });
});

describe('a gateway that denies the management of models', () => {
  it.each(['GET', 'HEAD', 'POST', 'DELETE', 'PUT', 'OPTIONS', 'PROPFIND'])('refuses it for %s', (method) => {
    expect(denying.refusalOf(request(method, '/api/%70ull'), {})).toBe('management_denied');
  });

  it('answers a browser’s preflight, so that the page can read the refusal', () => {
    const headers = { 'access-control-request-method': 'POST' };
    expect(denying.refusalOf(request('OPTIONS', '/api/pull', headers), {})).toBeNull();
  });

  it('refuses nothing else', () => {
    expect(denying.refusalOf(request('POST', '/api/generate'), {})).toBeNull();
    expect(denying.refusalOf(request('GET', '/api/tags'), {})).toBeNull();
  });

  it('asks for a key first', () => {
    const rules = new AccessRules({ current: keys }, 'deny');
    expect(rules.refusalOf(request('POST', '/api/pull'), {})).toBe('unauthorized');
    expect(rules.refusalOf(request('POST', '/api/pull', { 'x-api-key': 'sk-alice' }), {})).toBe('management_denied');
  });
});

import { describe, expect, it } from '@jest/globals';
import type { ColdAnswer } from '../provisioning/provisioning.gate.js';
import { GatewayError } from './gateway-error.js';

const COLD: ColdAnswer = {
  code: 'provisioning',
  message: 'Remote Ollama instance is being provisioned. Please retry in a few moments.',
  status: 'provisioning',
  phase: 'loading',
  progress: 0.62,
  etaSec: 48,
  retryAfterSec: 48,
};

describe('a cold answer', () => {
  it('is the line of the wire contract', () => {
    expect(GatewayError.cold(COLD).body('/api/generate')).toBe(
      '{"error":"Remote Ollama instance is being provisioned. Please retry in a few moments.","provisioning":true,"status":"provisioning","phase":"loading","progress":0.62,"eta_seconds":48,"retry_after":48,"code":"provisioning"}',
    );
  });

  it('carries its code, when to retry, and that it must not be stored', () => {
    expect(GatewayError.cold(COLD).headers()).toEqual({
      'content-type': 'application/json; charset=utf-8',
      'cache-control': 'no-store',
      'x-gateway-error': 'provisioning',
      'retry-after': '48',
    });
  });

  it('has OpenAI’s object on /v1, with our fields at the top level', () => {
    expect(JSON.parse(GatewayError.cold(COLD).body('/v1/chat/completions'))).toMatchObject({
      error: { message: COLD.message, type: 'api_error', param: null, code: 'provisioning' },
      provisioning: true,
      retry_after: 48,
    });
  });

  it('has Anthropic’s object on /v1/messages', () => {
    expect(JSON.parse(GatewayError.cold(COLD).body('/v1/messages'))).toMatchObject({
      type: 'error',
      error: { type: 'overloaded_error', message: COLD.message },
      provisioning: true,
    });
  });
});

describe('an error without circumstances', () => {
  it.each([
    ['upstream_unreachable', 502, true, '1'],
    ['held_limit', 429, true, '1'],
    ['wake_refused', 403, false, undefined],
    ['internal', 500, false, undefined],
  ] as const)('%s has status %s, provisioning %s, Retry-After %s', (code, status, provisioning, retryAfter) => {
    const error = new GatewayError(code);
    expect(error.statusCode).toBe(status);
    expect(JSON.parse(error.body('/api/chat'))).toMatchObject({ provisioning, code });
    expect(error.headers()['retry-after']).toBe(retryAfter);
  });
});

describe('an error for want of a key', () => {
  const error = new GatewayError('unauthorized');

  it('says which kind is wanted', () => {
    expect([error.statusCode, error.headers()['www-authenticate']]).toEqual([401, 'Bearer']);
    expect(new GatewayError('management_denied').headers()).not.toHaveProperty('www-authenticate');
  });

  it('is one that the SDK of each dialect knows', () => {
    expect(JSON.parse(error.body('/api/chat'))).toMatchObject({ error: expect.any(String), code: 'unauthorized' });
    expect(JSON.parse(error.body('/v1/models'))).toMatchObject({
      error: { type: 'invalid_request_error', param: null, code: 'invalid_api_key' },
      code: 'unauthorized',
      provisioning: false,
    });
    expect(JSON.parse(error.body('/v1/messages'))).toMatchObject({
      type: 'error',
      error: { type: 'authentication_error' },
    });
  });
});

describe('an error for a path that is not there', () => {
  it('has the type of each dialect', () => {
    const error = new GatewayError('not_found');
    expect(JSON.parse(error.body('/v1/x'))).toMatchObject({ error: { type: 'not_found_error', code: 'not_found' } });
    expect(JSON.parse(error.body('/v1/messages'))).toMatchObject({ error: { type: 'not_found_error' } });
  });
});

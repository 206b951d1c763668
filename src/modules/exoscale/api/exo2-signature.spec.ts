import { describe, expect, it } from '@jest/globals';
import { authorizationOf, type SignableRequest, signedMessage } from './exo2-signature.js';

const CREDENTIALS = { key: 'EXO0123456789abcdef01234567', secret: 'abcdefghijklmnopqrstuvwxyz-ABCDEFGHIJKLMNOPQ' };
const ID = '0b12cb6b-7e3e-4c0e-9e10-1e5d8a7c4b2a';
const CREATE_BODY = `{"name":"ollama-1","disk-size":100,"template":{"id":"${ID}"},"instance-type":{"id":"${ID}"}}`;

interface Vector {
  title: string;
  request: Partial<SignableRequest>;
  message: string;
  authorization: string;
}

/** exoscale-api.md §1.3, made with an independent signer and with the one of python-exoscale. */
const VECTORS: Vector[] = [
  {
    title: 'V1 a plain GET',
    request: { method: 'GET', path: '/v2/instance' },
    message: 'GET /v2/instance\n\n\n\n1893456000',
    authorization: 'expires=1893456000,signature=mTQhjEKtH9PxzEfV+VLkwjPdDIau1VXFha//rWoW094=',
  },
  {
    title: 'V2 two query values in the order of their names',
    request: {
      method: 'GET',
      path: '/v2/instance',
      query: { 'manager-type': 'instance-pool', 'ip-address': '203.0.113.7' },
    },
    message: 'GET /v2/instance\n\n203.0.113.7instance-pool\n\n1893456000',
    authorization:
      'signed-query-args=ip-address;manager-type,expires=1893456000,signature=+PU9LhttrrCKjdBM0Dju6L91sC9nohSTAGtAKogDNvE=',
  },
  {
    title: 'V3 query values are signed decoded',
    request: { method: 'GET', path: '/v2/template', query: { visibility: 'public', family: 'a b+c/é' } },
    message: 'GET /v2/template\n\na b+c/épublic\n\n1893456000',
    authorization:
      'signed-query-args=family;visibility,expires=1893456000,signature=uq9/5ZIFRJ3gQDY3QpM7Ao++Aaz69dJEkKOA6KjjmAw=',
  },
  {
    title: 'V4 a POST with a body',
    request: { method: 'POST', path: '/v2/instance', body: CREATE_BODY },
    message: `POST /v2/instance\n${CREATE_BODY}\n\n\n1893456000`,
    authorization: 'expires=1893456000,signature=89ITEzdCU8syuTAEJQ8XiJLLdz0fCfxMgK9qAq98Wkw=',
  },
  {
    title: 'V5 an action with an empty object',
    request: { method: 'PUT', path: `/v2/instance/${ID}:start`, body: '{}' },
    message: `PUT /v2/instance/${ID}:start\n{}\n\n\n1893456000`,
    authorization: 'expires=1893456000,signature=550iuDhzqrvvhLcLw6fysMU8XUecCYGiUcDIL3387sY=',
  },
  {
    title: 'V6 an action without a body',
    request: { method: 'PUT', path: `/v2/instance/${ID}:stop` },
    message: `PUT /v2/instance/${ID}:stop\n\n\n\n1893456000`,
    authorization: 'expires=1893456000,signature=CR8sKUELJqH721exneOseGKV51V6eavgKFmHkha3s5k=',
  },
  {
    title: 'V7 a body beyond ASCII',
    request: { method: 'POST', path: '/v2/security-group', body: '{"name":"grüezi ✓"}' },
    message: 'POST /v2/security-group\n{"name":"grüezi ✓"}\n\n\n1893456000',
    authorization: 'expires=1893456000,signature=MLhIqaAVTramImkLeklu3p7puqlSJ5ZJzwK3O4qiXvk=',
  },
  {
    title: 'V8 a DELETE',
    request: { method: 'DELETE', path: `/v2/instance/${ID}` },
    message: `DELETE /v2/instance/${ID}\n\n\n\n1893456000`,
    authorization: 'expires=1893456000,signature=v4JP145NKtO/IuPkiTZoGwISd4gzFmtQZpFVof/a3uw=',
  },
  {
    title: 'V9 body and query together',
    request: {
      method: 'PUT',
      path: `/v2/instance/${ID}`,
      query: { 'include-deprecated': 'true' },
      body: '{"tags":["a"]}',
    },
    message: `PUT /v2/instance/${ID}\n{"tags":["a"]}\ntrue\n\n1893456000`,
    authorization:
      'signed-query-args=include-deprecated,expires=1893456000,signature=LbACu3Kb1M9UxVqkT9Jq2fRlN3AkmGTbx/tCd8udlH8=',
  },
];

describe('the signature of the Exoscale API', () => {
  it.each(VECTORS)('$title', ({ request, message, authorization }) => {
    const whole = requestOf(request, 1893456000);
    expect(signedMessage(whole)).toBe(message);
    expect(authorizationOf(whole, CREDENTIALS)).toBe(
      `EXO2-HMAC-SHA256 credential=EXO0123456789abcdef01234567,${authorization}`,
    );
  });

  it.each([
    {
      request: { method: 'GET', path: `/instance/${ID}` },
      signature: 'xdOhvE746GnETaaYoflEK4ucguvSsVJW1fnXZAboV54=',
    },
    {
      request: { method: 'GET', path: '/instance', query: { labels: 'a b' } },
      signature: 'c52iAK8YkX82SvWfz2L0NB3ifLH+B4tVwMAhdczd+hA=',
    },
    {
      request: { method: 'POST', path: '/instance', body: '{"disk-size":10,"name":"foo"}' },
      signature: 'ZqEE7tXE57UIydqAXHsqZgGA/UzTft1t9PFFVKvNGtA=',
    },
  ])('agrees with exoscale-sdk-ts on $request.method $request.path', ({ request, signature }) => {
    const header = authorizationOf(requestOf(request, 1750000000), { key: 'test-key', secret: '0123456789abcdef' });
    expect(header).toContain(`,signature=${signature}`);
  });
});

function requestOf(partial: Partial<SignableRequest>, expiresSec: number): SignableRequest {
  return { method: 'GET', path: '/', query: {}, body: '', expiresSec, ...partial };
}

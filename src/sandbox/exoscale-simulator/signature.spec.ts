import { describe, expect, it } from '@jest/globals';
import { verifySignature, type ReceivedCall } from './signature.js';

const credentials = {
  apiKey: 'EXO0123456789abcdef01234567',
  apiSecret: 'abcdefghijklmnopqrstuvwxyz-ABCDEFGHIJKLMNOPQ',
};
const EXPIRES_MS = 1_893_456_000_000;
const ID = '0b12cb6b-7e3e-4c0e-9e10-1e5d8a7c4b2a';
const CREATE = `{"name":"ollama-1","disk-size":100,"template":{"id":"${ID}"},"instance-type":{"id":"${ID}"}}`;

/** The vectors of exoscale-api.md §1.3, computed by other people's signers. */
const VECTORS: { name: string; target: string; body?: string; args?: string; signature: string }[] = [
  { name: 'V1', target: 'GET /v2/instance', signature: 'mTQhjEKtH9PxzEfV+VLkwjPdDIau1VXFha//rWoW094=' },
  {
    name: 'V2',
    target: 'GET /v2/instance?manager-type=instance-pool&ip-address=203.0.113.7',
    args: 'ip-address;manager-type',
    signature: '+PU9LhttrrCKjdBM0Dju6L91sC9nohSTAGtAKogDNvE=',
  },
  {
    name: 'V3',
    target: 'GET /v2/template?visibility=public&family=a%20b%2Bc%2F%C3%A9',
    args: 'family;visibility',
    signature: 'uq9/5ZIFRJ3gQDY3QpM7Ao++Aaz69dJEkKOA6KjjmAw=',
  },
  {
    name: 'V4',
    target: 'POST /v2/instance',
    body: CREATE,
    signature: '89ITEzdCU8syuTAEJQ8XiJLLdz0fCfxMgK9qAq98Wkw=',
  },
  {
    name: 'V5',
    target: `PUT /v2/instance/${ID}:start`,
    body: '{}',
    signature: '550iuDhzqrvvhLcLw6fysMU8XUecCYGiUcDIL3387sY=',
  },
  { name: 'V6', target: `PUT /v2/instance/${ID}:stop`, signature: 'CR8sKUELJqH721exneOseGKV51V6eavgKFmHkha3s5k=' },
  {
    name: 'V7',
    target: 'POST /v2/security-group',
    body: '{"name":"grüezi ✓"}',
    signature: 'MLhIqaAVTramImkLeklu3p7puqlSJ5ZJzwK3O4qiXvk=',
  },
  { name: 'V8', target: `DELETE /v2/instance/${ID}`, signature: 'v4JP145NKtO/IuPkiTZoGwISd4gzFmtQZpFVof/a3uw=' },
  {
    name: 'V9',
    target: `PUT /v2/instance/${ID}?include-deprecated=true`,
    body: '{"tags":["a"]}',
    args: 'include-deprecated',
    signature: 'LbACu3Kb1M9UxVqkT9Jq2fRlN3AkmGTbx/tCd8udlH8=',
  },
];

function received(vector: (typeof VECTORS)[number]): ReceivedCall {
  const [method = '', target = ''] = vector.target.split(' ');
  const [path = '', query = ''] = target.split('?');
  const args = vector.args ? `,signed-query-args=${vector.args}` : '';
  return {
    method,
    path,
    query,
    body: Buffer.from(vector.body ?? ''),
    authorization: `EXO2-HMAC-SHA256 credential=${credentials.apiKey}${args},expires=1893456000,signature=${vector.signature}`,
  };
}

describe('verifySignature', () => {
  const verdict = (call: ReceivedCall, nowMs = EXPIRES_MS - 600_000) => verifySignature(call, credentials, nowMs);

  it.each(VECTORS)('accepts $name, $target', (vector) => {
    expect(verdict(received(vector))).toBe('valid');
  });

  it('accepts a space that the query writes as a plus', () => {
    const call = received(VECTORS[2] as (typeof VECTORS)[number]);
    expect(verdict({ ...call, query: call.query.replace('%20', '+') })).toBe('valid');
  });

  const create = received(VECTORS[3] as (typeof VECTORS)[number]);
  const listed = received(VECTORS[1] as (typeof VECTORS)[number]);
  it.each<[what: string, call: ReceivedCall]>([
    ['a body that differs in white space', { ...create, body: Buffer.from(CREATE.replace(',', ', ')) }],
    ['another path', { ...create, path: '/v2/instance/' }],
    ['another method', { ...create, method: 'PUT' }],
    ['a query parameter that is not signed', { ...create, query: 'visibility=public' }],
    ['another query value', { ...listed, query: listed.query.replace('.7', '.8') }],
    [
      'names in the order of the query',
      { ...listed, authorization: listed.authorization?.replace('ip-address;manager-type', 'manager-type;ip-address') },
    ],
    [
      'a later expiry than the signed one',
      { ...create, authorization: create.authorization?.replace('1893456000', '1893456001') },
    ],
    ['another key', { ...create, authorization: create.authorization?.replace('EXO0', 'EXO1') }],
    ['an undecodable query', { ...create, query: '%zz' }],
    ['another scheme', { ...create, authorization: 'Bearer abc' }],
  ])('refuses %s', (_what, call) => {
    expect(verdict(call)).toBe('invalid');
  });

  it('tells a request without a signature from one with a wrong signature', () => {
    expect(verdict({ ...create, authorization: undefined })).toBe('unsigned');
  });

  it('takes a signature until its expiry and not a second longer', () => {
    expect(verdict(create, EXPIRES_MS)).toBe('valid');
    expect(verdict(create, EXPIRES_MS + 1000)).toBe('expired');
  });
});

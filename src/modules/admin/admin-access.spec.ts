import type { IncomingHttpHeaders } from 'node:http';
import { describe, expect, it } from '@jest/globals';
import { AdminAccess } from './admin-access.js';

const TOKEN = 'correct-horse-battery-staple';

function codeFor(config: { host: string; token: string | null }, headers: IncomingHttpHeaders): string {
  return new AdminAccess(config).refusal(headers)?.code ?? 'allowed';
}

describe('with a token, on any address', () => {
  it.each<[string, IncomingHttpHeaders, string]>([
    ['the token', { authorization: `Bearer ${TOKEN}` }, 'allowed'],
    ['the token and an odd spelling of Bearer', { authorization: `bearer  ${TOKEN}` }, 'allowed'],
    ['the token and the name of this host', { authorization: `Bearer ${TOKEN}`, host: 'gw.example:11435' }, 'allowed'],
    ['none', {}, 'unauthorized'],
    ['none, from loopback', { host: 'localhost:11435' }, 'unauthorized'],
    ['another', { authorization: 'Bearer correct-horse-battery-stapl' }, 'unauthorized'],
    ['the token and more', { authorization: `Bearer ${TOKEN}x` }, 'unauthorized'],
    ['the token twice', { authorization: `Bearer ${TOKEN} ${TOKEN}` }, 'unauthorized'],
    ['the token without Bearer', { authorization: TOKEN }, 'unauthorized'],
    ['an empty one', { authorization: 'Bearer ' }, 'unauthorized'],
    ['it as a password', { authorization: `Basic ${TOKEN}` }, 'unauthorized'],
  ])('a request with %s', (_what, headers, expected) => {
    expect(codeFor({ host: '0.0.0.0', token: TOKEN }, headers)).toBe(expected);
    expect(codeFor({ host: '127.0.0.1', token: TOKEN }, headers)).toBe(expected);
  });
});

describe('without a token, on loopback', () => {
  it.each<[string, IncomingHttpHeaders, string]>([
    ['localhost', { host: 'localhost:11435' }, 'allowed'],
    ['127.0.0.1', { host: '127.0.0.1:11435' }, 'allowed'],
    ['::1', { host: '[::1]:11435' }, 'allowed'],
    ['localhost without a port', { host: 'localhost' }, 'allowed'],
    ['a name that points here (DNS rebinding)', { host: 'evil.example:11435' }, 'not_found'],
    ['a name that looks like it', { host: 'localhost.evil.example' }, 'not_found'],
    ['127.0.0.1 as a part of a name', { host: '127.0.0.1.nip.io:11435' }, 'not_found'],
    ['no name', {}, 'not_found'],
  ])('a request to %s', (_what, headers, expected) => {
    expect(codeFor({ host: '127.0.0.1', token: null }, headers)).toBe(expected);
    expect(codeFor({ host: 'localhost', token: null }, headers)).toBe(expected);
  });

  it.each<[string, string, string]>([
    ['a page of this listener', 'http://localhost:11435', 'allowed'],
    ['a page of another site (CSRF)', 'https://evil.example', 'not_found'],
    ['a page of another program on this computer', 'http://localhost:3000', 'not_found'],
    ['a page without a site', 'null', 'not_found'],
  ])('a request from %s', (_what, origin, expected) => {
    expect(codeFor({ host: '127.0.0.1', token: null }, { host: 'localhost:11435', origin })).toBe(expected);
  });
});

describe('without a token, beyond loopback', () => {
  it.each(['0.0.0.0', '::', '10.1.2.3', 'gateway.internal'])('on %s everything is refused, with what to do', (host) => {
    const refusal = new AdminAccess({ host, token: null }).refusal({ host: 'localhost:11435' });
    expect(refusal).toMatchObject({ code: 'not_found', statusCode: 404 });
    expect(refusal?.message).toBe('The admin API is served beyond loopback only when GATEWAY_ADMIN_TOKEN is set.');
  });
});

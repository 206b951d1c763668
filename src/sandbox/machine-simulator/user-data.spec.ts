/** The few lines of YAML that the sandbox reads by itself, compared with what a YAML parser reads. */
import { readdirSync, readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { linkSettingsOf } from './link-settings.js';
import { filesOf } from './user-data.js';

const GOLDEN = new URL('../../modules/exoscale/user-data/__golden__/', import.meta.url);
const packed = (text: string): string => gzipSync(text).toString('base64');

describe('the files of user-data', () => {
  it.each(readdirSync(GOLDEN))('are read from %s as cloud-init reads them', (name) => {
    const text = readFileSync(new URL(name, GOLDEN), 'utf8');
    const { write_files: files } = parse(text) as { write_files: { path: string; content: string }[] };
    expect(files.length).toBeGreaterThan(5);
    expect(Object.fromEntries(filesOf(packed(text)))).toEqual(
      Object.fromEntries(files.map(({ path, content }) => [path, content])),
    );
  });

  it.each([
    ['no user-data', null],
    ['something that is not base64', '?'],
    ['something that is not compressed', Buffer.from('#!/bin/sh\n').toString('base64')],
    ['a script', packed('#!/bin/sh\necho hello\n')],
    ['a cloud-config without files', packed('#cloud-config\nruncmd:\n  - [ls]\n')],
  ])('are none in %s', (_what, userData) => {
    expect([...filesOf(userData)]).toEqual([]);
  });
});

describe('a machine’s end of the link', () => {
  const nginx = '/etc/ollama-gateway/link/nginx.conf';
  const folder = (names: string[]) => names.map((name): [string, string] => [`/etc/ollama-gateway/link/${name}`, name]);

  it('is TLS where it has an authority, a certificate and a key', () => {
    const files = new Map([
      [nginx, '  server {\n    listen 8443 ssl default_server;\n'],
      ...folder(['ca.pem', 'server.pem', 'server.key']),
    ]);
    const keys = { ca: 'ca.pem', certificate: 'server.pem', key: 'server.key' };
    expect(linkSettingsOf(files)).toEqual({ port: 8443, keys });
  });

  it('is plain where one of them is missing, and has no port where nobody has set one', () => {
    expect(linkSettingsOf(new Map([[nginx, 'listen 11434;'], ...folder(['ca.pem', 'server.pem'])]))).toEqual({
      port: 11434,
      keys: null,
    });
    expect(linkSettingsOf(new Map())).toEqual({ port: null, keys: null });
  });
});

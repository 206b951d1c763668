/** What the admin listener does not understand: a clear word, and nothing has happened. */
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { AdminClient } from '../support/admin-client.js';
import { endEverything } from '../support/endings.js';
import type { Reply } from '../support/ollama-client.js';
import { TestBed } from '../support/test-bed.js';

jest.setTimeout(60_000);

let bed: TestBed;
let admin: AdminClient;
beforeAll(async () => {
  bed = await TestBed.start();
  admin = new AdminClient(bed.gateway.adminUrl);
});
afterAll(endEverything);

const refusal = ({ status, headers, body }: Reply) => ({
  status,
  header: headers['x-gateway-error'],
  ...(JSON.parse(body.toString()) as object),
});

describe('a request that makes no sense', () => {
  it.each<[string, string, string, RegExp]>([
    ['/admin/keep-awake', '', 'nothing', /^Send either until or seconds/],
    [
      '/admin/keep-awake',
      '{"seconds":0}',
      'no time at all',
      /^seconds must be a whole number from 1 to 2678400 \(31 days\)$/,
    ],
    ['/admin/keep-awake', '{"seconds":"3600"}', 'a text for a number', /^seconds must be a whole number/],
    ['/admin/keep-awake', '{"until":"2026-02-30T08:00:00Z"}', 'no date', /^until must be a time with its zone/],
    [
      '/admin/keep-awake',
      '{"until":"2099-01-01T08:00:00"}',
      'a time without its zone',
      /^until must be a time with its zone/,
    ],
    [
      '/admin/keep-awake',
      '{"until":"2099-01-01T08:00:00Z"}',
      'a time too far ahead',
      /^until must be at most 31 days ahead/,
    ],
    ['/admin/keep-awake', '{"for":"ever"}', 'an unknown word', /for should not exist/],
    ['/admin/destroy', '{}', 'no launch id', /^launch_id must be that of the machine/],
    ['/admin/destroy', '{"launch_id":["x"]}', 'a list', /^launch_id must be that of the machine/],
    ['/admin/destroy', 'launch_id=x', 'no JSON', /^The body must be a JSON object/],
    ['/admin/destroy', '[]', 'no object', /^The body must be a JSON object/],
    ['/admin/destroy', `{"launch_id":"${'x'.repeat(5000)}"}`, 'too much', /too large/],
  ])('%s with %s (%s) is answered 400, in one sentence', async (path, body, _what, sentence) => {
    const reply = await admin.post(path, body);
    expect(refusal(reply)).toEqual({
      status: 400,
      header: 'bad_request',
      code: 'bad_request',
      provisioning: false,
      error: expect.stringMatching(sentence),
    });
    expect(bed.gateway.log.filter(({ level }) => level >= 50)).toEqual([]);
  });

  it.each(['/admin', '/admin/', '/admin/nosuch', '/nosuch', '/api/tags'])('has no path %s', async (path) => {
    expect(refusal(await admin.get(path))).toMatchObject({ status: 404, code: 'not_found' });
  });

  it('finds no act under GET', async () => {
    for (const act of ['wake', 'sleep', 'keep-awake', 'destroy']) {
      expect((await admin.get(`/admin/${act}`)).status).toBe(404);
    }
  });
});

import { describe, expect, it } from '@jest/globals';
import { errorText } from './error-text.js';

describe('the text of an error answer', () => {
  it.each([
    { title: 'the classic shape', body: '{"message":"Invalid request signature"}', text: 'Invalid request signature' },
    { title: 'its fallback key', body: '{"error":"Too many requests","retry_after":3}', text: 'Too many requests' },
    {
      title: 'problem details',
      body: '{"type":"about:blank","title":"Bad Request","status":400,"detail":"name is empty"}',
      text: 'Bad Request: name is empty',
    },
    {
      title: 'problem details with located errors',
      body: '{"title":"Bad Request","errors":[{"detail":"too short","location":"$[\'name\']"},{"detail":"odd"}]}',
      text: "Bad Request: too short ($['name']): odd",
    },
    { title: 'problem details with plain errors', body: '{"errors":["one","two"]}', text: 'one: two' },
    { title: 'the same sentence twice', body: '{"message":"no","error":"no"}', text: 'no' },
    { title: 'a JSON string', body: '"gone"', text: 'gone' },
    { title: 'JSON without words', body: '{"code":1}', text: '' },
    { title: 'JSON null', body: 'null', text: '' },
    {
      title: 'an HTML page',
      body: '<html><head><style>p{}</style></head><body><h1>502</h1>\n<p>Bad  Gateway</p></body></html>',
      text: '502 Bad Gateway',
    },
    { title: 'plain text', body: ' upstream\nfailed ', text: 'upstream failed' },
    { title: 'nothing', body: '', text: '' },
    {
      title: 'an echoed signature',
      body: 'bad header: EXO2-HMAC-SHA256 credential=EXO1,expires=1,signature=abc/d+e=',
      text: 'bad header: EXO2-HMAC-SHA256 credential=EXO1,expires=1,signature=***',
    },
  ])('is read from $title', ({ body, text }) => {
    expect(errorText(body)).toBe(text);
  });

  it('is cut when a proxy answers with a novel', () => {
    expect(errorText('x'.repeat(10_000))).toHaveLength(501);
  });
});

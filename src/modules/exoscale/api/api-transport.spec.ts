import { createHmac } from 'node:crypto';
import { globalAgent } from 'node:https';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { HttpService } from '@nestjs/axios';
import { startConnectProxy } from '../../../../test/support/connect-proxy.js';
import { ManualClock } from '../../../../test/support/manual-clock.js';
import { answerJson, type Responder, ScriptedHttp } from '../../../../test/support/scripted-http.js';
import { TEST_CERTIFICATE, TEST_KEY } from '../../../../test/support/test-certificate.js';
import { CloudCallTally } from '../../../common/metrics/cloud-call-tally.js';
import type { CloudError } from '../../provisioning/ports/cloud.port.js';
import { type ApiCall, ApiTransport } from './api-transport.js';

const CREDENTIALS = { key: 'EXOtest', secret: 'a-secret-that-is-never-sent' };
const READ: ApiCall = { operation: 'list-instances', kind: 'read', method: 'GET', path: '/instance', signed: true };
const CREATE: ApiCall = {
  operation: 'create-instance',
  kind: 'create',
  method: 'POST',
  path: '/instance',
  body: { name: 'grüezi ✓', 'disk-size': 50 },
  signed: true,
};

describe('a call to the Exoscale API', () => {
  const clock = new ManualClock();
  let tally: CloudCallTally;
  beforeEach(() => void (tally = new CloudCallTally()));
  const open: { close(): Promise<void> }[] = [];
  const serve = async (responder: Responder) => {
    const server = await ScriptedHttp.start(responder);
    open.push(server);
    const options = { baseUrl: `${server.url}/v2`, credentials: CREDENTIALS, tally };
    return { server, transport: new ApiTransport(new HttpService(), clock, options) };
  };
  const failure = async (sent: Promise<unknown>): Promise<CloudError> =>
    sent.then(
      () => {
        throw new Error('the call succeeded');
      },
      (error: CloudError) => error,
    );
  afterEach(async () => {
    delete process.env.HTTPS_PROXY;
    delete process.env.HTTP_PROXY;
    await Promise.all(open.splice(0).map((one) => one.close()));
  });

  it('sends exactly the bytes that it signed', async () => {
    const { server, transport } = await serve((response) => answerJson(response, 200, { id: 'op' }));
    expect(await transport.send(CREATE)).toEqual({ id: 'op' });
    const [request] = server.requests;
    const expires = Math.floor(clock.nowMs() / 1000) + 600;
    const signature = createHmac('sha256', CREDENTIALS.secret)
      .update(`POST /v2/instance\n${request?.body}\n\n\n${expires}`)
      .digest('base64');
    expect(request?.body).toBe('{"name":"grüezi ✓","disk-size":50}');
    expect(request?.headers).toMatchObject({
      'content-type': 'application/json',
      authorization: `EXO2-HMAC-SHA256 credential=EXOtest,expires=${expires},signature=${signature}`,
    });
  });

  it('signs query values decoded and sends them encoded', async () => {
    const { server, transport } = await serve((response) => answerJson(response, 200, {}));
    await transport.send({ ...READ, path: '/template', query: { visibility: 'public', family: 'a b+c/é' } });
    expect(server.requests[0]?.target).toBe('/v2/template?visibility=public&family=a+b%2Bc%2F%C3%A9');
    expect(server.requests[0]?.headers.authorization).toContain(',signed-query-args=family;visibility,');
  });

  it('sends actions without content without a body', async () => {
    const { server, transport } = await serve((response) => answerJson(response, 200, {}));
    await transport.send({
      operation: 'stop-instance',
      kind: 'act',
      method: 'PUT',
      path: '/instance/i:stop',
      signed: true,
    });
    expect(server.requests[0]).toMatchObject({ method: 'PUT', target: '/v2/instance/i:stop', body: '' });
    expect(server.requests[0]?.headers['content-type']).toBeUndefined();
  });

  it('leaves the signature out where everybody may ask', async () => {
    const { server, transport } = await serve((response) => answerJson(response, 200, {}));
    await transport.send({ ...READ, signed: false });
    expect(server.requests[0]?.headers.authorization).toBeUndefined();
  });

  it('measures the clock of the API', async () => {
    const date = new Date(clock.nowMs() + 90_000).toUTCString();
    const { transport } = await serve((response) => answerJson(response, 200, {}, { Date: date }));
    expect(transport.clockOffsetMs).toBeNull();
    await transport.send(READ);
    expect(transport.clockOffsetMs).toBe(90_500);
  });

  it('tells the text of the API and never the signature', async () => {
    const { transport } = await serve((response) =>
      answerJson(response, 403, { message: 'Invalid request signature' }),
    );
    const error = await failure(transport.send(READ));
    expect(error).toMatchObject({
      kind: 'auth',
      message: 'Exoscale answered 403 to list-instances: Invalid request signature',
    });
    expect(JSON.stringify(error) + error.stack).not.toMatch(/signature=|a-secret/);
  });

  it.each([
    { header: '7', expected: 7000 },
    { header: new Date(Date.parse('2026-11-24T12:00:20Z')).toUTCString(), expected: 20_000 },
    { header: 'soon', expected: undefined },
  ])('passes Retry-After "$header" on', async ({ header, expected }) => {
    const headers = { 'Retry-After': header, Date: new Date(Date.parse('2026-11-24T12:00:00Z')).toUTCString() };
    const { transport } = await serve((response) => answerJson(response, 429, { message: 'slow down' }, headers));
    expect((await failure(transport.send(READ))).details.retryAfterMs).toBe(expected);
  });

  it('does not take the page of a captive portal for an answer', async () => {
    const { transport } = await serve((response) => response.end('<html>Please log in</html>'));
    expect(await failure(transport.send(READ))).toMatchObject({ kind: 'transient', details: {} });
    expect(await failure(transport.send(CREATE))).toMatchObject({ kind: 'transient', details: { ambiguous: true } });
  });

  it('reads an HTML error', async () => {
    const { transport } = await serve((response) => response.writeHead(502).end('<h1>502 Bad Gateway</h1>'));
    expect(await failure(transport.send(READ))).toMatchObject({
      kind: 'transient',
      message: 'Exoscale answered 502 to list-instances: 502 Bad Gateway',
    });
  });

  it('does not follow redirects: the signature is for this host', async () => {
    const { server, transport } = await serve((response) => response.writeHead(302, { Location: '/elsewhere' }).end());
    expect((await failure(transport.send(READ))).kind).toBe('unknown');
    expect(server.requests).toHaveLength(1);
  });

  it('gives up on a server that hangs', async () => {
    const { server, transport } = await serve(() => {});
    const sent = failure(transport.send(CREATE));
    await server.arrived(1);
    await clock.advance(30_000);
    const error = await sent;
    expect(error).toMatchObject({ kind: 'transient', details: { ambiguous: true } });
    expect(error.message).toBe('Exoscale did not answer create-instance (ETIMEDOUT)');
  });

  it('reports a connection that is cut', async () => {
    const { transport } = await serve((response) => response.destroy());
    const error = await failure(transport.send(CREATE));
    expect(error).toMatchObject({ kind: 'transient', details: { ambiguous: true } });
    expect(JSON.stringify(error.details) + error.stack).not.toContain('EXO2-HMAC');
  });

  it('knows that a refused connection has changed nothing', async () => {
    const { server, transport } = await serve(() => {});
    await server.close();
    open.length = 0;
    const error = await failure(transport.send(CREATE));
    expect(error.message).toContain('ECONNREFUSED');
    expect(error.details.ambiguous).toBeUndefined();
  });

  it('never rides on a kept connection when it changes something', async () => {
    const { server, transport } = await serve((response) => answerJson(response, 200, {}));
    await transport.send(READ);
    await transport.send(CREATE);
    expect(server.requests.map((one) => one.headers.connection)).toEqual(['keep-alive', 'close']);
  });

  it('is counted with the status that it got, or with why it got none', async () => {
    const statuses = [200, 403];
    const { server, transport } = await serve((response) => {
      const status = statuses.shift();
      if (status) answerJson(response, status, {});
      else if (server.requests.length === 3) response.destroy();
    });
    await transport.send(READ);
    await failure(transport.send(READ));
    await failure(transport.send(CREATE));
    const hanging = failure(transport.send(CREATE));
    await server.arrived(4);
    await clock.advance(30_000);
    await hanging;
    expect([...tally.entries()]).toEqual([
      { operation: 'list-instances', code: '200', count: 1 },
      { operation: 'list-instances', code: '403', count: 1 },
      { operation: 'create-instance', code: 'network', count: 1 },
      { operation: 'create-instance', code: 'timeout', count: 1 },
    ]);
  });

  describe('behind a proxy', () => {
    it('goes through a tunnel', async () => {
      const origin = await ScriptedHttp.start((response) => answerJson(response, 200, { instances: [] }), {
        key: TEST_KEY,
        cert: TEST_CERTIFICATE,
      });
      const proxy = await startConnectProxy(origin.port);
      open.push(origin, proxy);
      process.env.HTTPS_PROXY = proxy.url;
      globalAgent.options.ca = TEST_CERTIFICATE;
      const baseUrl = 'https://api-at-vie-2.exoscale.test/v2';
      const transport = new ApiTransport(new HttpService(), clock, { baseUrl, credentials: CREDENTIALS });
      try {
        expect(await transport.send(READ)).toEqual({ instances: [] });
      } finally {
        delete globalAgent.options.ca;
      }
      expect(proxy.tunnels).toEqual(['api-at-vie-2.exoscale.test:443']);
      expect(origin.requests[0]).toMatchObject({ method: 'GET', target: '/v2/instance' });
      // Changes have their own agent, which does not know the test's certificate; but they take the tunnel, too.
      expect((await failure(transport.send(CREATE))).kind).toBe('transient');
      expect(proxy.tunnels).toHaveLength(2);
    });

    it('leaves what runs on this host alone', async () => {
      const { server, transport } = await serve((response) => answerJson(response, 200, {}));
      process.env.HTTP_PROXY = 'http://127.0.0.1:9';
      expect(await transport.send(READ)).toEqual({});
      expect(server.requests).toHaveLength(1);
    });
  });
});

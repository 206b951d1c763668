/**
 * Secrets and prompts stay where they belong. Canaries go through every path that a value can take, well-formed and not; then
 * everything the gateway has ever said or kept is searched for them.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { AdminClient } from '../support/admin-client.js';
import { atEnd, endEverything } from '../support/endings.js';
import { eventually } from '../support/eventually.js';
import { GatewayProcess } from '../support/gateway-process.js';
import { MODEL, type Reply } from '../support/ollama-client.js';
import { RawConnection } from '../support/raw-connection.js';
import { TestBed } from '../support/test-bed.js';

jest.setTimeout(60_000);
afterEach(endEverything);

/** Each begins with its own word, so that a leak says what has leaked. */
const CANARY = {
  linkSecret: Buffer.from('canary-link-secret-of-forty-bytes-and-more').toString('base64'),
  adminToken: 'canary-admin-token-0123456789',
  apiKey: 'canary-api-key-0123456789',
  wrongKey: 'canary-wrong-key-0123456789',
  cookie: 'canary-cookie-0123456789',
  prompt: 'canary-prompt why is the sky blue',
  query: 'canary-query-0123456789',
  upload: 'canary-upload-0123456789',
};

interface Setting {
  bed: TestBed;
  gateway: GatewayProcess;
  admin: AdminClient;
  /** Everything that has been answered but the model's own words. */
  said: string[];
}

async function begin(): Promise<Setting> {
  const bed = await TestBed.prepare();
  const keys = `${bed.environment.GATEWAY_STATE_DIR}-keys`;
  atEnd(() => rmSync(keys, { force: true }));
  writeFileSync(keys, `alice:${createHash('sha256').update(CANARY.apiKey).digest('hex')}\n`);
  const gateway = await bed.startGateway({
    GATEWAY_LINK_SECRET: CANARY.linkSecret,
    GATEWAY_ADMIN_TOKEN: CANARY.adminToken,
    GATEWAY_API_KEYS_FILE: keys,
    GATEWAY_MODEL_MANAGEMENT: 'deny',
    GATEWAY_LOG_LEVEL: 'debug',
  });
  const admin = new AdminClient(gateway.adminUrl, { Authorization: `Bearer ${CANARY.adminToken}` });
  return { bed, gateway, admin, said: [] };
}

const credentials = { Authorization: `Bearer ${CANARY.apiKey}`, Cookie: `session=${CANARY.cookie}` };
const work = { model: MODEL, prompt: CANARY.prompt, messages: [{ role: 'user', content: CANARY.prompt }] };

function note({ said }: Setting, reply: Reply): Reply {
  said.push(JSON.stringify(reply.headers), reply.text);
  return reply;
}

/** Whatever may be asked while there is no machine. */
async function askAsleep(setting: Setting): Promise<void> {
  const { ollama } = setting.gateway;
  const path = (route: string) => `${route}?${CANARY.query}=1`;
  const ask = async (reply: Promise<Reply>) => void note(setting, await reply);
  for (const route of ['/api/generate', '/api/chat', '/v1/chat/completions', '/v1/messages'])
    await ask(ollama.post(path(route), work, credentials));
  for (const key of [{ Authorization: `Bearer ${CANARY.wrongKey}` }, { 'X-Api-Key': CANARY.wrongKey }, {}])
    for (const route of ['/api/chat', '/v1/chat/completions', '/v1/messages', '/status'])
      await ask(ollama.post(path(route), work, key as Record<string, string>));
  await ask(ollama.post('/api/pull', { model: CANARY.prompt }, credentials));
  await ask(ollama.post('/api/generate', `{"model": "m", "prompt": "${CANARY.prompt}`, credentials));
  await ask(ollama.post(path('/nothing/there'), CANARY.upload, credentials));
  await ask(ollama.get(`/__link/drain?${CANARY.query}`, credentials));
  await ask(ollama.get('/status', credentials));
}

/** Heads that no server takes. */
async function askBroken(setting: Setting): Promise<void> {
  const heads = [
    `POST /api/chat HTTP/1.1\r\nHost: g\r\nAuthorization: Bearer ${CANARY.apiKey}\r\nContent-Length: x\r\n\r\n${CANARY.prompt}`,
    `POST /api/chat?${CANARY.query} HTTP/1.1\r\nHost: g\r\nAuthorization : ${CANARY.apiKey}\r\n\r\n`,
    `${CANARY.prompt}\r\n\r\n`,
    `GET / HTTP/1.1\r\nHost: g\r\nX-Long: ${CANARY.prompt.repeat(2000)}\r\n\r\n`,
  ];
  for (const head of heads) {
    const connection = await RawConnection.open(setting.gateway.url);
    await connection.write(head);
    await connection.closed;
    setting.said.push(connection.text);
  }
}

async function askAwake(setting: Setting): Promise<void> {
  const { bed, gateway } = setting;
  expect((await gateway.ollama.post('/api/chat', work, credentials)).status).toBe(200);
  // Of a machine that fails, before its first byte and in the middle of an answer.
  bed.machines.behaviour.tokenMs = 1000;
  const call = gateway.ollama.open({
    method: 'POST',
    path: `/api/chat?${CANARY.query}`,
    headers: credentials,
    body: JSON.stringify(work),
  });
  call.request.end(JSON.stringify(work));
  await call.response;
  await bed.machines.crashNow(bed.instanceId);
  note(setting, await gateway.ollama.post('/api/chat', work, credentials));
}

async function askOperators(setting: Setting): Promise<void> {
  const { admin, gateway } = setting;
  const stranger = new AdminClient(gateway.adminUrl, { Authorization: `Bearer ${CANARY.wrongKey}` });
  note(setting, await stranger.get('/admin/state'));
  for (const path of ['/admin/state', '/status', '/metrics', '/health/ready', `/nothing?${CANARY.query}`])
    note(setting, await admin.get(path));
  note(setting, await admin.post('/admin/keep-awake', { until: CANARY.prompt }));
  note(setting, await admin.post('/admin/destroy', `{"launch_id": ${CANARY.upload}`));
  const events = await admin.events('0');
  await events.until('ready');
  setting.said.push(JSON.stringify(events.frames));
  events.leave();
}

/** What the process wrote, and what lies in its folder; the database also as the text of its pages. */
function keptBy({ gateway, bed }: Setting): Record<string, string> {
  const folder = bed.environment.GATEWAY_STATE_DIR ?? '';
  const files = readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'latin1')]);
  return {
    'the log': gateway.log.map((line) => JSON.stringify(line)).join('\n') + gateway.oddLines.join('\n'),
    'standard error': gateway.stderr,
    ...(Object.fromEntries(files) as Record<string, string>),
  };
}

describe('secrets and prompts', () => {
  it('are in nothing that the gateway answers, logs, counts or keeps', async () => {
    const setting = await begin();
    const { bed, gateway } = setting;
    // The cloud repeats what it was sent; its words reach users.
    bed.cloud.fault({ operation: 'create-instance', times: 1, kind: 'status', status: 500 });
    await askAsleep(setting);
    await askBroken(setting);
    await untilReady(setting);
    await askAwake(setting);
    await askOperators(setting);
    await gateway.kill('SIGTERM');

    const places: Record<string, string> = { answers: setting.said.join('\n'), ...keptBy(setting) };
    const secrets = { ...CANARY, cloudSecret: bed.environment.EXOSCALE_API_SECRET ?? '' };
    for (const [place, text] of Object.entries(places))
      for (const [name, canary] of Object.entries(secrets)) {
        const leak = text.includes(canary) || text.includes(encodeURIComponent(canary));
        expect({ place, name, leak }).toEqual({ place, name, leak: false });
      }
    // What was searched is not empty, and the search can find something.
    expect(places['the log']).toContain('"key":"alice"');
    expect(places.answers).toContain('unauthorized');
  });

  it('are not in the last words of a start that fails', async () => {
    const bed = await TestBed.prepare();
    const gateway = GatewayProcess.spawn({
      ...bed.environment,
      GATEWAY_LINK_SECRET: `${CANARY.linkSecret},${CANARY.linkSecret}`,
      GATEWAY_ADMIN_TOKEN: `${CANARY.adminToken} with a blank`,
      PORT: 'none',
    });
    expect((await gateway.exited).code).toBe(1);
    expect(gateway.stderr.split('\n').filter(Boolean)).toHaveLength(3);
    for (const canary of Object.values(CANARY)) expect(gateway.stderr).not.toContain(canary);
  });
});

/** The status needs a key too, so the test looks at it as a client of the operator's. */
async function untilReady({ gateway }: Setting): Promise<void> {
  const look = async (): Promise<boolean> =>
    (await gateway.ollama.get('/status', credentials)).json().phase === 'ready';
  await eventually('a machine that is ready', look, { withinMs: 30_000, explain: () => gateway.describe() });
}

/** The admin listener's application with a whole lifecycle behind it: which of its routes are open, beyond loopback and not. */
import { afterEach, describe, expect, it } from '@jest/globals';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { lifecycleSuite } from '../test/support/lifecycle-suite.js';
import { AdminAppModule } from './admin-app.module.js';
import { loadConfig } from './common/config/load-config.js';
import type { Logger } from './common/logging/logger.js';
import { Tallies } from './common/metrics/tallies.js';
import { createAdminHttpAdapter } from './modules/admin/admin-http-adapter.js';

const OPEN = ['GET /health/live', 'GET /health/ready', 'GET /health/startup', 'GET /metrics', 'GET /status'];
const CLOSED = [
  'GET /admin/events',
  'GET /admin/state',
  'POST /admin/destroy',
  'POST /admin/keep-awake',
  'POST /admin/sleep',
  'POST /admin/wake',
];

const { begin } = lifecycleSuite();
const quiet = () => undefined;
const log: Logger = { debug: quiet, info: quiet, warn: quiet, error: quiet };

let app: NestFastifyApplication | null = null;
afterEach(async () => {
  await app?.close();
  app = null;
});

/** The application as configured, on no port; and every route that it has. */
async function build(settings: Record<string, string>) {
  const { gateway } = await begin();
  const { config } = loadConfig({ EXOSCALE_API_KEY: 'EXO1', EXOSCALE_API_SECRET: 'secret', ...settings });
  const pool = { gate: gateway.service, control: gateway.control };
  const routes: string[] = [];
  const adapter = createAdminHttpAdapter();
  adapter.getInstance().addHook('onRoute', ({ method, url }) => void routes.push(`${String(method)} ${url}`));
  const module = AdminAppModule.register(config, log, new Tallies(), pool);
  app = await NestFactory.create<NestFastifyApplication>(module, adapter, { bodyParser: false, logger: false });
  await app.init();
  return { app, gateway, routes };
}

function ask(one: NestFastifyApplication, route: string, headers: Record<string, string> = {}) {
  const [method, url] = route.split(' ') as ['GET' | 'POST', string];
  return one.inject({ method, url, headers: { host: 'localhost:11435', ...headers } });
}

describe('the admin listener', () => {
  it('has these routes and no other', async () => {
    const { routes } = await build({});
    expect(routes.sort()).toEqual([...OPEN, ...CLOSED].sort());
  });

  it('beyond loopback without a token serves health, status and metrics, and says how to have the rest', async () => {
    const { app, gateway } = await build({ GATEWAY_ADMIN_HOST: '0.0.0.0' });
    for (const route of OPEN) expect([route, (await ask(app, route)).statusCode]).toEqual([route, 200]);
    for (const route of CLOSED) {
      const { statusCode, body } = await ask(app, route);
      expect([route, statusCode, JSON.parse(body)]).toEqual([
        route,
        404,
        {
          error: 'The admin API is served beyond loopback only when GATEWAY_ADMIN_TOKEN is set.',
          provisioning: false,
          code: 'not_found',
        },
      ]);
    }
    expect(gateway.service.snapshot()).toMatchObject({ phase: 'absent', wanted: false });
  });

  it('with a token serves everything to whoever has it, and the open routes to all', async () => {
    const token = 'a-token-of-this-test';
    const { app } = await build({ GATEWAY_ADMIN_HOST: '0.0.0.0', GATEWAY_ADMIN_TOKEN: token });
    for (const route of OPEN) expect([route, (await ask(app, route)).statusCode]).toEqual([route, 200]);
    for (const route of CLOSED) expect([route, (await ask(app, route)).statusCode]).toEqual([route, 401]);
    const headers = { authorization: `Bearer ${token}` };
    expect((await ask(app, 'GET /admin/state', headers)).statusCode).toBe(200);
    expect((await ask(app, 'POST /admin/wake', headers)).statusCode).toBe(202);
  });

  it('gives health and readiness as the public listener does', async () => {
    const { app, gateway } = await build({});
    gateway.service.announceLeaving();
    const { statusCode, body } = await ask(app, 'GET /health/ready');
    expect([statusCode, JSON.parse(body)]).toMatchObject([503, { error: { gateway: { code: 'shutting_down' } } }]);
    expect((await ask(app, 'GET /health/live')).statusCode).toBe(200);
  });
});

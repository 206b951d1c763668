/** The catalogue of the simulated account: who sees which zones, types, templates and quotas. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { SimulatedCloud } from '../../../test/support/simulated-cloud.js';
import { SignedClient, type WireType } from '../../../test/support/signed-client.js';

describe('the catalogue of the Exoscale simulator', () => {
  let cloud: SimulatedCloud;
  beforeEach(async () => void (cloud = await SimulatedCloud.start()));
  afterEach(() => cloud.close());

  const unsigned = async (path: string): Promise<{ status: number; body: Record<string, unknown> }> => {
    const response = await fetch(cloud.simulator.url + path);
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };
  const signedTypes = async (): Promise<WireType[]> => (await cloud.api.get('/instance-type')).body['instance-types'];
  const named = (types: WireType[]): string[] => types.map((one) => `${one.family}.${one.size}`);

  it('tells everybody the zones, with endpoints that lead back to itself', async () => {
    const { body } = await unsigned('/zone');
    const zones = body.zones as { name: string; 'api-endpoint': string }[];
    expect(zones).toHaveLength(8);
    expect(new Set(zones.map((one) => one['api-endpoint']))).toEqual(new Set([cloud.simulator.url]));
  });

  it.each(['/instance', '/template', '/quota', '/security-group'])(
    'refuses GET %s without a signature',
    async (path) => {
      expect((await unsigned(path)).status).toBe(403);
    },
  );

  it('refuses a wrong secret with the words of the API, and a clock that is ahead with others', async () => {
    const stranger = new SignedClient(cloud.simulator.url, { apiKey: 'EXOtest', apiSecret: 'wrong' }, () =>
      cloud.clock.nowMs(),
    );
    const answer = await stranger.get('/instance');
    expect(answer).toMatchObject({ status: 403, body: { message: 'Invalid request signature' } });
    const late = new SignedClient(cloud.simulator.url, { apiKey: 'EXOtest', apiSecret: 'secret' }, () => 0);
    expect((await late.get('/instance')).body).toEqual({ message: 'Request signature has expired' });
  });

  it('refuses a filter that it does not understand instead of ignoring it', async () => {
    expect((await cloud.api.get('/instance?labels=pool%3Ddefault')).status).toBe(400);
  });

  it('dates its answers by the clock that signatures expire by', async () => {
    const date = (await cloud.api.get('/instance')).headers.get('date');
    expect(date).toBe(new Date(cloud.clock.nowMs()).toUTCString());
  });

  it('shows an unsigned caller every type and authorizes none', async () => {
    const types = (await unsigned('/instance-type')).body['instance-types'] as WireType[];
    expect(named(types)).toEqual(expect.arrayContaining(['gpua5000.small', 'gpu3.huge', 'standard.tiny']));
    expect(types.some((one) => one.authorized)).toBe(false);
  });

  it('hides a family from a signed caller while its quota is 0', async () => {
    expect(named(await signedTypes())).toContain('gpua5000.small');
    cloud.simulator.control.setQuota('gpua5000', 0);
    expect(named(await signedTypes())).not.toContain('gpua5000.small');
  });

  it('hides a type that is not authorized although the quota of its family would allow it', async () => {
    cloud.simulator.control.setAuthorized('gpua5000.small', false);
    expect(named(await signedTypes())).not.toContain('gpua5000.small');
    expect(named(await signedTypes())).toContain('gpua5000.medium');
  });

  it('gives memory in bytes and leaves `gpus` out on CPU types', async () => {
    const types = await signedTypes();
    expect(types.find((one) => one.family === 'standard' && one.size === 'small')).toMatchObject({ memory: 2 ** 31 });
    expect(types.filter((one) => one.family === 'standard').some((one) => 'gpus' in one)).toBe(false);
  });

  it('has several builds of one template name, and not the newest first', async () => {
    const all = (await cloud.api.get('/template')).body.templates;
    const dates = all.filter((one) => one.name === 'Linux Ubuntu 24.04 LTS 64-bit').map((one) => one['created-at']);
    expect(dates.length).toBeGreaterThan(1);
    expect(dates[0]).not.toBe([...dates].sort().at(-1));
  });

  it('lists public templates unless asked for private ones', async () => {
    const names = async (query: string): Promise<string[]> =>
      (await cloud.api.get(`/template${query}`)).body.templates.map((one) => one.name);
    expect(await names('?visibility=private')).toEqual(['ollama-baked']);
    expect(await names('')).not.toContain('ollama-baked');
    expect(await names('?family=debian&visibility=public')).toEqual(['Linux Debian 12 (Bookworm) 64-bit']);
  });

  it('counts stopped machines and their GPUs in the quota', async () => {
    await cloud.created();
    expect((await cloud.api.get('/quota/gpua5000')).body).toEqual({ resource: 'gpua5000', usage: 1, limit: 2 });
    expect((await cloud.api.get('/quota/instance')).body).toMatchObject({ usage: 1 });
  });

  it('answers 404 to what it does not have and to a wrong method on an action', async () => {
    const id = await cloud.created();
    expect((await cloud.api.get('/nowhere')).status).toBe(404);
    expect((await cloud.api.get('/quota/nosuch')).status).toBe(404);
    expect((await cloud.api.call('POST', `/instance/${id}:start`, {})).status).toBe(404);
  });
});

import { describe, expect, it } from '@jest/globals';
import { loadConfig } from '../../common/config/load-config.js';
import { exoscaleSettings } from './exoscale-settings.js';

const settingsFrom = (env: Record<string, string | undefined>) =>
  exoscaleSettings(loadConfig({ EXOSCALE_API_KEY: 'EXO1', EXOSCALE_API_SECRET: 's', ...env }).config);

describe('the settings of the Exoscale adapter', () => {
  it('fill the zone into the endpoint, and know the zone that is asked about zones', () => {
    expect(settingsFrom({ EXOSCALE_ZONE: 'de-fra-1' })).toMatchObject({
      zone: 'de-fra-1',
      baseUrl: 'https://api-de-fra-1.exoscale.com/v2',
      referenceUrl: 'https://api-ch-gva-2.exoscale.com/v2',
    });
  });

  it('take an endpoint without a zone as it is', () => {
    expect(settingsFrom({ EXOSCALE_API_ENDPOINT: 'http://127.0.0.1:9/v2/' })).toMatchObject({
      baseUrl: 'http://127.0.0.1:9/v2',
      referenceUrl: 'http://127.0.0.1:9/v2',
    });
  });

  it.each([
    { env: { GATEWAY_LINK: 'mtls' }, link: { port: 8443, cidrs: ['0.0.0.0/0'] } },
    { env: { GATEWAY_LINK: 'plain' }, link: { port: 11434, cidrs: [] } },
    {
      env: { GATEWAY_LINK: 'plain', GATEWAY_LINK_PORT: '9000', GATEWAY_LINK_CIDRS: '203.0.113.7/32' },
      link: { port: 9000, cidrs: ['203.0.113.7/32'] },
    },
  ])('open the link of $env to $link.cidrs', ({ env, link }) => {
    expect(settingsFrom(env).link).toEqual(link);
  });

  it('pass on the Ollama settings that are set, and no others', () => {
    const env = { OLLAMA_NUM_PARALLEL: '4', OLLAMA_KV_CACHE_TYPE: 'q8_0', OLLAMA_HOST: '0.0.0.0' };
    expect(settingsFrom(env).ollamaEnv).toEqual({ OLLAMA_NUM_PARALLEL: '4', OLLAMA_KV_CACHE_TYPE: 'q8_0' });
  });
});

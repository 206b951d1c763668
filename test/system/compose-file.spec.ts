/** compose.yaml as Docker would read it, and what a first deployment may rely on. nginx' part is in ingress.spec.ts. */
import { existsSync } from 'node:fs';
import { afterEach, describe, expect, it } from '@jest/globals';
import { LifecycleConfig } from '../../src/common/config/classes.js';
import { settingsOf } from '../../src/common/config/setting.js';
import { checkWithPython, SECRET_FILES, startWith, textOf, yamlOf } from '../support/deployment-files.js';
import { endEverything } from '../support/endings.js';

afterEach(endEverything);

interface ComposeService {
  image: string;
  ports: string[];
  volumes: string[];
  environment?: Record<string, string>;
  stop_grace_period: string;
  read_only: boolean;
  cap_drop: string[];
  security_opt: string[];
}

const { services } = yamlOf<{ services: Record<'front' | 'gateway', ComposeService> }>('compose.yaml');
const { front, gateway } = services;

describe('compose.yaml', () => {
  it('is valid for the Compose specification', () => {
    const check = 'import compose_spec, sys; compose_spec.PyCompose.from_yaml(sys.argv[1]).validate()';
    const interpolated = textOf('compose.yaml').replaceAll(/\$\{\w+:-([^}]*)\}/g, '$1');
    expect(checkWithPython('-c', check, interpolated)).toBe('fine');
  });

  it('shows the public port by way of nginx only, to this host until FRONT_ADDRESS says otherwise', () => {
    expect(front.ports).toEqual(['${FRONT_ADDRESS:-127.0.0.1}:11434:11434']);
    expect(gateway.ports).toEqual(['127.0.0.1:11435:11435']);
  });

  it('starts with nothing in .env but the key of the account, on the mTLS link', () => {
    const { EXOSCALE_API_KEY, EXOSCALE_API_SECRET } = SECRET_FILES;
    const { config, faults, warnings } = startWith(
      { ...gateway.environment, EXOSCALE_API_KEY, EXOSCALE_API_SECRET },
      {},
    );
    expect({ faults, warnings }).toEqual({ faults: [], warnings: [] });
    expect(config.link.link).toBe('mtls');
    expect([config.listener.port, config.admin.port]).toEqual([11434, 11435]);
  });

  it('has the files that it mounts, for both values of FRONT, and keeps the state', () => {
    const sources = ['plain', 'tls'].flatMap((kind) =>
      front.volumes.map((volume) => volume.replace('${FRONT:-plain}', kind).split(':')[0] as string),
    );
    expect(sources.filter((path) => !existsSync(path))).toEqual([]);
    expect(gateway.volumes).toEqual(['state:/data', './deploy/compose/keys:/run/keys:ro']);
  });

  it('gives open streams the time that the gateway gives them', () => {
    const defaults = Object.fromEntries(settingsOf(LifecycleConfig).map((one) => [one.env, Number(one.default)]));
    const leavingSec = defaults['GATEWAY_SHUTDOWN_DELAY_SECONDS']! + defaults['GATEWAY_DRAIN_SECONDS']!;
    for (const { stop_grace_period: grace } of [front, gateway]) {
      expect(grace).toMatch(/^\d+s$/);
      expect(parseInt(grace)).toBeGreaterThan(leavingSec);
    }
  });

  it('lets neither container write to its file system, nor gain rights', () => {
    const rights = { read_only: true, cap_drop: ['ALL'], security_opt: ['no-new-privileges:true'] };
    expect(front).toMatchObject(rights);
    expect(gateway).toMatchObject(rights);
    expect(front.image).toMatch(/:\d+\.\d+/);
  });
});

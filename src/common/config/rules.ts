/** Rules between variables, names that are not known, and names that are known but not built yet. */
import type { Environment, GatewayConfig } from './gateway-config.js';
import type { DeclaredSetting } from './setting.js';

/** Known from the first release on (architecture.md §5); using one of these stops the start with a clear line. */
export const UNBUILT: Readonly<Record<string, { what: string }>> = {
  DATABASE_URL: { what: 'PostgreSQL for several replicas' },
  DATABASE_URL_FILE: { what: 'PostgreSQL for several replicas' },
};

export function unbuiltFaults(env: Environment): string[] {
  return Object.entries(UNBUILT)
    .filter(([name]) => env[name])
    .map(([name, { what }]) => `${name} is not built yet in this release (${what}): remove it`);
}

/** Rules between variables; each line begins with the one to change. */
export function crossFaults(config: GatewayConfig): string[] {
  const faults: string[] = [];
  const { link, lifecycle, cloud, listener, admin } = config;
  if (link.link === 'mtls' && cloud.adoptName !== null) {
    faults.push(
      'EXOSCALE_ADOPT_NAME needs GATEWAY_LINK=plain: a machine that this gateway has not made has none of its keys',
    );
  }
  if (listener.port !== 0 && listener.port === admin.port) {
    faults.push(`GATEWAY_ADMIN_PORT must not be the PORT of the public listener (${admin.port})`);
  }
  if (link.link === 'plain') {
    if (link.allowPlain !== true) {
      faults.push(
        'GATEWAY_ALLOW_PLAIN_LINK must be true for GATEWAY_LINK=plain: prompts would cross the network unencrypted',
      );
    }
    if (link.cidrs.length === 0) {
      faults.push(
        'GATEWAY_LINK_CIDRS is required for GATEWAY_LINK=plain: the networks of this gateway, such as 203.0.113.7/32',
      );
    }
  }
  if (lifecycle.timeScale !== 1 && /(^|\.)exoscale\.com\.?$/.test(hostOf(cloud.endpoint, cloud.zone))) {
    faults.push('GATEWAY_TIME_SCALE is for the sandbox and for tests: it is refused against exoscale.com');
  }
  return faults;
}

/** `GATEWAY_*` names must be known (a typing error there costs money); foreign `OLLAMA_*` names are ignored aloud. */
export function unknownNames(
  env: Environment,
  known: readonly DeclaredSetting[],
): { faults: string[]; warnings: string[] } {
  const names = new Set(known.flatMap((one) => (one.secret ? [one.env, `${one.env}_FILE`] : [one.env])));
  const faults: string[] = [];
  const warnings: string[] = [];
  for (const name of Object.keys(env).sort()) {
    if (names.has(name) || name in UNBUILT) continue;
    if (name.startsWith('GATEWAY_')) {
      faults.push(`${name} is not a setting of this gateway: see docs/configuration.md`);
    } else if (name.startsWith('OLLAMA_')) {
      warnings.push(`${name} is ignored: it is not one of the Ollama settings that are passed to the machine`);
    }
  }
  return { faults, warnings };
}

function hostOf(endpoint: string, zone: string): string {
  try {
    return new URL(endpoint.replaceAll('{zone}', zone)).hostname;
  } catch {
    return '';
  }
}

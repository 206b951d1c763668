/**
 * Reads the environment into the validated classes. Collects every fault instead of stopping at the first, so that a
 * start shows all of them; secrets are never part of a message.
 */
import { readFileSync } from 'node:fs';
import { validateSync } from 'class-validator';
import { AccessConfig, AdminConfig } from './access-config.js';
import {
  CloudConfig,
  CONFIG_CLASSES,
  LifecycleConfig,
  ListenerConfig,
  LogConfig,
  PoolConfig,
  StateConfig,
} from './classes.js';
import { LinkConfig } from './link-config.js';
import { ModelConfig } from './model-config.js';
import type { Environment, GatewayConfig } from './gateway-config.js';
import { crossFaults, unbuiltFaults, unknownNames } from './rules.js';
import { settingsOf, type ConfigClass, type DeclaredSetting } from './setting.js';

export interface LoadedConfig {
  /** Complete only when `faults` is empty. */
  config: GatewayConfig;
  /** One line per fault, each beginning with the name of the variable. */
  faults: string[];
  /** One line per thing that is ignored. */
  warnings: string[];
}

/** Reads and validates `env`; the only side effect is reading the files that `*_FILE` variables name. */
export function loadConfig(env: Environment = process.env): LoadedConfig {
  const faults: string[] = [];
  const read = <T extends object>(type: ConfigClass<T>): T => readClass(type, env, faults);
  const config: GatewayConfig = {
    cloud: read(CloudConfig),
    model: read(ModelConfig),
    listener: read(ListenerConfig),
    access: read(AccessConfig),
    admin: read(AdminConfig),
    pool: read(PoolConfig),
    state: read(StateConfig),
    link: read(LinkConfig),
    lifecycle: read(LifecycleConfig),
    log: read(LogConfig),
  };
  const known = CONFIG_CLASSES.flatMap((type) => settingsOf(type));
  const names = unknownNames(env, known);
  faults.push(...unbuiltFaults(env), ...crossFaults(config), ...names.faults);
  return { config, faults: onePerVariable(faults), warnings: names.warnings };
}

/** The first line about a variable is about its own value; what else follows from a wrong value is no news. */
function onePerVariable(faults: readonly string[]): string[] {
  const lines = new Map<string, string>();
  for (const fault of faults) {
    const name = fault.slice(0, fault.indexOf(' '));
    if (!lines.has(name)) lines.set(name, fault);
  }
  return [...lines.values()];
}

function readClass<T extends object>(type: ConfigClass<T>, env: Environment, faults: string[]): T {
  const target = new type();
  const settings = settingsOf(type);
  const unreadable = new Set<string>();
  for (const setting of settings) {
    try {
      Object.assign(target, { [setting.property]: parse(setting, rawValue(setting, env)) });
    } catch (error) {
      unreadable.add(setting.property);
      faults.push(`${setting.env} ${(error as Error).message}`);
    }
  }
  for (const failure of validateSync(target, { stopAtFirstError: true })) {
    const setting = settings.find((one) => one.property === failure.property);
    if (!setting || unreadable.has(failure.property)) continue;
    const sentence = Object.values(failure.constraints ?? {})[0] ?? 'is invalid';
    faults.push(`${setting.env} ${sentence}${shown(setting, env)}`);
  }
  return target;
}

function rawValue(setting: DeclaredSetting, env: Environment): string {
  const direct = env[setting.env];
  const file = setting.secret ? env[`${setting.env}_FILE`] : undefined;
  if (direct && file) throw new Error(`is set twice: remove either ${setting.env} or ${setting.env}_FILE`);
  if (file) {
    try {
      return readFileSync(file, 'utf8').trim();
    } catch (error) {
      throw new Error(
        `cannot be read from ${setting.env}_FILE (${(error as NodeJS.ErrnoException).code ?? 'unreadable'})`,
      );
    }
  }
  return direct?.trim() || setting.default || '';
}

function parse(setting: DeclaredSetting, raw: string): unknown {
  switch (setting.kind) {
    case 'text':
      return raw;
    case 'optional-text':
      return raw === '' ? null : raw;
    case 'integer':
    case 'number':
      return toNumber(raw);
    case 'optional-integer':
      return raw === '' ? null : toNumber(raw);
    case 'boolean':
      return { true: true, '1': true, false: false, '0': false }[raw.toLowerCase()] ?? raw;
    case 'list':
      return raw
        .split(',')
        .map((part) => part.trim())
        .filter((part) => part !== '');
  }
}

/** NaN for anything but a plain decimal number, so that the validator names the fault. */
function toNumber(raw: string): number {
  return /^-?\d+(\.\d+)?$/.test(raw) ? Number(raw) : Number.NaN;
}

function shown(setting: DeclaredSetting, env: Environment): string {
  const value = env[setting.env];
  return setting.secret || !value ? '' : ` (got ${JSON.stringify(value)})`;
}

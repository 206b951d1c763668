/** What a start has to say about access: faults that stop it, and what the operator should know. */
import type { AccessConfig } from '../../common/config/access-config.js';
import type { ListenerConfig } from '../../common/config/classes.js';
import { isLoopback } from '../../common/net/loopback.js';
import { readKeyFile } from './key-file.js';

export interface AccessFindings {
  /** One line per fault, each beginning with the name of the variable. */
  faults: string[];
  warnings: string[];
}

interface Settings {
  access: AccessConfig;
  listener: ListenerConfig;
}

/** Reads the file of API keys, if there is one. */
export function accessFindings({ access, listener }: Settings): AccessFindings {
  const open = accessWarning(listener, access);
  if (open !== null) return { faults: [], warnings: [open] };
  if (access.apiKeysFile === null) return { faults: [], warnings: [] };
  const { keys, faults } = readKeyFile(access.apiKeysFile);
  const empty = faults.length === 0 && keys.size === 0;
  return {
    faults: faults.map((fault) => `GATEWAY_API_KEYS_FILE ${fault}`),
    warnings: empty ? ['GATEWAY_API_KEYS_FILE has no key: nobody gets in'] : [],
  };
}

/** One sentence when whoever can reach the public listener may use it, else null; also the field of `/status`. */
export function accessWarning(listener: ListenerConfig, access: AccessConfig): string | null {
  if (access.apiKeysFile !== null || isLoopback(listener.host)) return null;
  return (
    `Everybody who can reach ${listener.host} port ${listener.port} may use the machine: set GATEWAY_API_KEYS_FILE, ` +
    'or let only a proxy that asks for a password reach it (docs/access.md).'
  );
}

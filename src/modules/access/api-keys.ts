/**
 * The keys that open the gateway: who they belong to, and whether a presented one is among them. Only hashes are known
 * here, so neither the file nor a memory dump gives a key away.
 */
import { hash, timingSafeEqual } from 'node:crypto';

interface ApiKey {
  name: string;
  /** SHA-256 of the key. */
  digest: Buffer;
}

export class ApiKeys {
  constructor(private readonly keys: readonly ApiKey[]) {}

  get size(): number {
    return this.keys.length;
  }

  /** The name of the presented key, or null. Takes as long for every key, known or not. */
  nameOf(presented: string): string | null {
    const digest = hash('sha256', presented, 'buffer');
    let name: string | null = null;
    for (const key of this.keys) if (timingSafeEqual(key.digest, digest)) name = key.name;
    return name;
  }
}

export interface ParsedKeys {
  keys: ApiKeys;
  /** One per fault; they tell the line and never what stands in it, which may be a key that was not hashed. */
  faults: string[];
}

const LINE = /^([A-Za-z0-9._-]{1,64}):([0-9A-Fa-f]{64})$/;

/** Reads lines `name:sha256-of-the-key`; blank ones and those that begin with `#` say nothing. */
export function parseApiKeys(text: string): ParsedKeys {
  const keys: ApiKey[] = [];
  const faults: string[] = [];
  const lineOfName = new Map<string, number>();
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    const [, name, hex] = LINE.exec(line) ?? [];
    const earlier = lineOfName.get(name ?? '');
    if (!name || !hex) {
      faults.push(`line ${index + 1} must be name:sha256-of-the-key (letters, digits and ._- : 64 hexadecimal digits)`);
    } else if (earlier !== undefined) {
      faults.push(`line ${index + 1} has the name of line ${earlier} again`);
    } else {
      lineOfName.set(name, index + 1);
      keys.push({ name, digest: Buffer.from(hex, 'hex') });
    }
  }
  return { keys: new ApiKeys(keys), faults };
}

/** Constraints that class-validator lacks. Each says only whether a value is well-formed. */
import { isIP } from 'node:net';
import { ValidateBy, type ValidationOptions } from 'class-validator';

/** `203.0.113.0/24` or an IPv6 network. */
export function isCidr(value: unknown): boolean {
  if (typeof value !== 'string') return false;
  const [address, prefix, ...rest] = value.split('/');
  if (!address || !prefix || rest.length > 0 || !/^\d{1,3}$/.test(prefix)) return false;
  const version = isIP(address);
  return version !== 0 && Number(prefix) <= (version === 4 ? 32 : 128);
}

export function AreCidrs(options: ValidationOptions): PropertyDecorator {
  return ValidateBy(
    { name: 'areCidrs', validator: { validate: (value) => Array.isArray(value) && value.every(isCidr) } },
    options,
  );
}

export function IsHttpUrl(options: ValidationOptions): PropertyDecorator {
  return ValidateBy({ name: 'isHttpUrl', validator: { validate: isHttpUrl } }, options);
}

/** `[host/][namespace/]name[:tag]`, as Ollama's model names (types/model/name.go). */
export function IsModelName(options: ValidationOptions): PropertyDecorator {
  const pattern = /^[a-zA-Z0-9][a-zA-Z0-9._/-]*(:[a-zA-Z0-9._-]+)?(:[a-zA-Z0-9._-]+)?$/;
  return ValidateBy(
    { name: 'isModelName', validator: { validate: (value) => typeof value === 'string' && pattern.test(value) } },
    options,
  );
}

function isHttpUrl(value: unknown): boolean {
  if (typeof value !== 'string') return false;
  try {
    const url = new URL(value.replaceAll('{zone}', 'zone'));
    return (url.protocol === 'http:' || url.protocol === 'https:') && url.search === '' && url.hash === '';
  } catch {
    return false;
  }
}

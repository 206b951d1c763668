/** Constraints that class-validator lacks. Each says only whether a value is well-formed. */
import { isIP } from 'node:net';
import { ValidateBy, type ValidationOptions } from 'class-validator';

/** No setting in seconds needs more than a year; beyond it lie typing errors, and dates that no calendar has. */
const YEAR_SEC = 31_536_000;

export function IsSeconds(from: number): PropertyDecorator {
  return IsWholeNumber(from, YEAR_SEC, 'seconds');
}

export function IsWholeNumber(from: number, to: number, unit?: string): PropertyDecorator {
  const validate = (value: unknown) => Number.isInteger(value) && (value as number) >= from && (value as number) <= to;
  const message = `must be a whole number from ${from} to ${to}${unit ? ` (${unit})` : ''}`;
  return ValidateBy({ name: 'isWholeNumber', validator: { validate } }, { message });
}

/** `203.0.113.0/24` or an IPv6 network; no zone index (`fe80::1%eth0/64`), which means something on one host only. */
function isCidr(value: unknown): boolean {
  if (typeof value !== 'string') return false;
  const [address, prefix, ...rest] = value.split('/');
  if (!address || !prefix || rest.length > 0 || !/^(0|[1-9]\d{0,2})$/.test(prefix)) return false;
  if (address.includes('%')) return false;
  const version = isIP(address);
  return version !== 0 && Number(prefix) <= (version === 4 ? 32 : 128);
}

export function AreCidrs(options: ValidationOptions): PropertyDecorator {
  return ValidateBy(
    { name: 'areCidrs', validator: { validate: (value) => Array.isArray(value) && value.every(isCidr) } },
    options,
  );
}

/** The forms of GATEWAY_LINK_SECRET: base64 of at least 32 bytes, alone or as `<epoch>:<base64>` with epochs from 1. */
export function IsLinkSecret(options: ValidationOptions): PropertyDecorator {
  return ValidateBy({ name: 'isLinkSecret', validator: { validate: isLinkSecret } }, options);
}

function isLinkSecret(value: unknown): boolean {
  if (typeof value !== 'string') return false;
  const parts = value.split(',').map((part) => part.trim());
  const epochs = new Set<string>();
  return parts.every((part) => {
    const [epoch, secret] = part.includes(':') ? part.split(':', 2) : parts.length === 1 ? ['1', part] : [];
    if (!epoch || !secret || !/^[1-9]\d{0,5}$/.test(epoch) || epochs.has(epoch)) return false;
    epochs.add(epoch);
    return /^[A-Za-z0-9+/_-]+={0,2}$/.test(secret) && Buffer.from(secret, 'base64').length >= 32;
  });
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

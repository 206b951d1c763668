/** Reads the body of create-instance as strictly as the API describes it (exoscale-api.md §4). */
import { ApiError, type Violation } from './api-error.js';
import { TEMPLATE_SIZE_GIB } from './templates.js';

export interface CreateRequest {
  name: string | null;
  typeId: string;
  templateId: string;
  diskSizeGib: number;
  labels: Record<string, string>;
  securityGroupIds: string[];
  sshKeyNames: string[];
  userData: string | null;
  autoStart: boolean;
}

type Json = Readonly<Record<string, unknown>>;

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const LABEL_VALUE = /^[A-Za-z0-9*+!\-_?]{0,128}$/;
const MAX_USER_DATA = 32_768;

/** @throws ApiError 400 that lists every violation */
export function readCreateRequest(body: Json): CreateRequest {
  const required = ['disk-size', 'instance-type', 'template'].filter((key) => body[key] === undefined);
  if (required.length > 0) throw ApiError.classic(400, `missing keys '${required.join("', '")}'`);

  const violations: Violation[] = [
    ...nameViolations(body.name),
    ...(isReference(body['instance-type']) ? [] : [violation('instance-type', 'must be {"id": "<uuid>"}')]),
    ...(isReference(body.template) ? [] : [violation('template', 'must be {"id": "<uuid>"}')]),
    ...diskViolations(body['disk-size']),
    ...userDataViolations(body['user-data']),
    ...labelViolations(body.labels),
    ...(isListOf(body['security-groups'], isReference) ? [] : [violation('security-groups', 'must list {"id"}')]),
    ...(isListOf(body['ssh-keys'], isKeyName) ? [] : [violation('ssh-keys', 'must list {"name"}')]),
    ...(body['ssh-key'] === undefined || isKeyName(body['ssh-key']) ? [] : [violation('ssh-key', 'must be {"name"}')]),
    ...(isOptionalBoolean(body['auto-start']) ? [] : [violation('auto-start', 'must be a boolean')]),
  ];
  if (violations.length > 0) throw ApiError.problem(violations);

  return {
    name: (body.name as string | undefined) ?? null,
    typeId: (body['instance-type'] as { id: string }).id,
    templateId: (body.template as { id: string }).id,
    diskSizeGib: body['disk-size'] as number,
    labels: { ...(body.labels as Record<string, string> | undefined) },
    securityGroupIds: ((body['security-groups'] as { id: string }[] | undefined) ?? []).map((one) => one.id),
    sshKeyNames: sshKeyNames(body),
    userData: (body['user-data'] as string | undefined) ?? null,
    autoStart: (body['auto-start'] as boolean | undefined) ?? true,
  };
}

/** The list, and the older field for one of them, which the API still takes. */
function sshKeyNames(body: Json): string[] {
  const many = (body['ssh-keys'] as { name: string }[] | undefined) ?? [];
  const one = body['ssh-key'] as { name: string } | undefined;
  return [...new Set([...(one ? [one] : []), ...many].map(({ name }) => name))];
}

/** @throws ApiError 400; used by update-instance, whose fields obey the same rules */
export function checkUpdate(body: Json): void {
  const violations = [
    ...nameViolations(body.name),
    ...userDataViolations(body['user-data']),
    ...(body.labels === null ? [] : labelViolations(body.labels)),
  ];
  if (violations.length > 0) throw ApiError.problem(violations);
}

function nameViolations(name: unknown): Violation[] {
  if (name === undefined || (typeof name === 'string' && name.length >= 1 && name.length <= 255)) return [];
  return [violation('name', 'must be a string of 1 to 255 characters')];
}

function diskViolations(size: unknown): Violation[] {
  if (!Number.isInteger(size) || (size as number) < 10 || (size as number) > 51_200) {
    return [violation('disk-size', 'must be an integer between 10 and 51200')];
  }
  return (size as number) < TEMPLATE_SIZE_GIB ? [violation('disk-size', 'must not be less than the template')] : [];
}

function userDataViolations(userData: unknown): Violation[] {
  if (userData === undefined) return [];
  if (typeof userData !== 'string' || userData.length < 1 || userData.length > MAX_USER_DATA) {
    return [violation('user-data', `must be a string of 1 to ${MAX_USER_DATA} characters`)];
  }
  return BASE64.test(userData) ? [] : [violation('user-data', 'must be base64 encoded')];
}

function labelViolations(labels: unknown): Violation[] {
  if (labels === undefined) return [];
  if (typeof labels !== 'object' || labels === null || Array.isArray(labels)) {
    return [violation('labels', 'must be an object')];
  }
  return Object.entries(labels)
    .filter(([key, value]) => key === '' || typeof value !== 'string' || !LABEL_VALUE.test(value))
    .map(([key]) => violation(`labels.${key}`, 'must have a value of at most 128 characters [A-Za-z0-9*+!-_?]'));
}

function violation(field: string, detail: string): Violation {
  return { detail: `${field} ${detail}`, location: `$['${field}']` };
}

function isReference(value: unknown): value is { id: string } {
  return typeof value === 'object' && value !== null && UUID.test(String((value as Json).id));
}

function isKeyName(value: unknown): boolean {
  return typeof value === 'object' && value !== null && typeof (value as Json).name === 'string';
}

function isListOf(value: unknown, matches: (item: unknown) => boolean): boolean {
  return value === undefined || (Array.isArray(value) && value.every(matches));
}

function isOptionalBoolean(value: unknown): boolean {
  return value === undefined || typeof value === 'boolean';
}

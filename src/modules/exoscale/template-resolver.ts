/**
 * Finds the newest template of a name. Ids change whenever Exoscale republishes an image, names are not unique, and
 * organizations may have their own beside the public ones (exoscale-api.md §2.3).
 */
import { CloudError } from '../provisioning/ports/cloud.port.js';
import type { ApiTemplate } from './api/api-types.js';
import type { ExoscaleClient } from './api/exoscale-client.js';
import { nameList } from './name-list.js';

export interface Template {
  id: string;
  /** When this build was published; empty where the API does not say. */
  createdAt: string;
}

/**
 * The newest public template of exactly this name, else the newest private one.
 * @throws CloudError `invalid_template` that names those that exist
 */
export async function resolveTemplate(client: ExoscaleClient, name: string): Promise<Template> {
  const publics = await client.listTemplates('public');
  const found = newest(publics, name);
  if (found) return found;
  const privates = await client.listTemplates('private');
  const own = newest(privates, name);
  if (own) return own;
  const names = nameList([...privates, ...publics].map((template) => template.name));
  throw new CloudError('invalid', `EXOSCALE_TEMPLATE "${name}" does not exist in this zone; there are ${names}`, {
    code: 'invalid_template',
  });
}

function newest(templates: readonly ApiTemplate[], name: string): Template | null {
  const builds = templates
    .filter((template) => template.name === name)
    .flatMap(({ id, 'created-at': createdAt = '' }) => (id ? [{ id, createdAt }] : []));
  builds.sort((a, b) => (Date.parse(b.createdAt) || 0) - (Date.parse(a.createdAt) || 0));
  return builds[0] ?? null;
}

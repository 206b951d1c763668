/** Names of models as Ollama compares them (types/model/name.go): case-insensitive, with three defaults filled in. */

const DEFAULT_HOST = 'registry.ollama.ai';
const DEFAULT_NAMESPACE = 'library';
const DEFAULT_TAG = 'latest';

/** The full form `host/namespace/model:tag` in lower case: two names mean one model when these are equal. */
export function fullModelName(name: string): string {
  const path = name
    .trim()
    .toLowerCase()
    .replace(/^https?:\/\//, '');
  // A colon before the last slash belongs to the host's port.
  const colon = path.indexOf(':', path.lastIndexOf('/') + 1);
  const [untagged, tag] = colon < 0 ? [path, ''] : [path.slice(0, colon), path.slice(colon + 1)];
  const parts = untagged.split('/');
  const model = parts.pop() ?? '';
  const namespace = parts.pop() ?? DEFAULT_NAMESPACE;
  const host = parts.length > 0 ? parts.join('/') : DEFAULT_HOST;
  return `${host}/${namespace}/${model}:${tag || DEFAULT_TAG}`;
}

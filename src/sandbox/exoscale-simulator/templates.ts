/**
 * Templates of the simulated zone. A name has several builds, and the newest is not the first of the list: a client that
 * takes the first match, or remembers an id, boots an outdated image (exoscale-api.md §2.3).
 */
import { ApiError } from './api-error.js';
import { stableId } from './stable-id.js';

interface Template {
  id: string;
  name: string;
  family: string;
  version: string;
  build: string;
  visibility: 'public' | 'private';
  createdAt: string;
  defaultUser: string;
}

const UBUNTU_24 = 'Linux Ubuntu 24.04 LTS 64-bit';

const TEMPLATES: readonly Template[] = [
  build(UBUNTU_24, 'ubuntu', '24.04', '2026-06-17', 'ubuntu'),
  build(UBUNTU_24, 'ubuntu', '24.04', '2026-10-21', 'ubuntu'),
  build(UBUNTU_24, 'ubuntu', '24.04', '2026-08-19', 'ubuntu'),
  build('Linux Ubuntu 24.04 LTS 64-bit (minimal)', 'ubuntu', '24.04', '2026-11-02', 'ubuntu'),
  build('Linux Ubuntu 22.04 LTS 64-bit', 'ubuntu', '22.04', '2026-10-21', 'ubuntu'),
  build('Linux Debian 12 (Bookworm) 64-bit', 'debian', '12', '2026-09-30', 'debian'),
  { ...build('ollama-baked', 'other', '1', '2026-11-10', 'ubuntu'), visibility: 'private' },
];

/** Answer of list-templates; `visibility` is public unless asked otherwise. */
export function templateList(query: URLSearchParams): object {
  const visibility = query.get('visibility') ?? 'public';
  if (visibility !== 'public' && visibility !== 'private') {
    throw ApiError.classic(400, 'visibility must be one of: private, public');
  }
  const family = query.get('family');
  const found = TEMPLATES.filter((one) => one.visibility === visibility && (family === null || one.family === family));
  return { templates: found.map(render) };
}

/** Answer of get-template. */
export function templateById(id: string): object {
  const found = TEMPLATES.find((one) => one.id === id);
  if (!found) throw ApiError.notFound();
  return render(found);
}

export function templateExists(id: string): boolean {
  return TEMPLATES.some((one) => one.id === id);
}

/** Any template: for instances that a test puts there without a create call. */
export const SOME_TEMPLATE_ID = (TEMPLATES[0] as Template).id;

/** The smallest disk that holds one of these images, in GiB. */
export const TEMPLATE_SIZE_GIB = 10;

function build(name: string, family: string, version: string, day: string, defaultUser: string): Template {
  return {
    id: stableId(`template/${name}/${day}`),
    name,
    family,
    version,
    build: day,
    visibility: 'public',
    createdAt: `${day}T09:30:00Z`,
    defaultUser,
  };
}

function render(one: Template): object {
  return {
    id: one.id,
    name: one.name,
    description: `${one.name} ${one.build}`,
    family: one.family,
    version: one.version,
    build: one.build,
    visibility: one.visibility,
    'created-at': one.createdAt,
    'default-user': one.defaultUser,
    size: TEMPLATE_SIZE_GIB * 1024 ** 3,
    'boot-mode': 'uefi',
    checksum: one.id.replaceAll('-', ''),
    'ssh-key-enabled': true,
    'password-enabled': false,
    maintainer: 'Exoscale',
  };
}

/**
 * Ollama's surface as the gateway must know it while the machine sleeps: which paths exist, what wakes, what the
 * catalogue answers. While the machine is ready this table is not asked: everything is forwarded as it came.
 * Source: ollama-api.md §1.1, with the routes of earlier versions ("Version drift").
 */

/** How a sleeping gateway treats a known route. */
type RouteKind =
  /** Wakes the machine. */
  | 'work'
  /** Wakes unless the body says that a model is to be unloaded. */
  | 'work-or-unload'
  /** Answered from the catalogue. */
  | 'catalogue'
  /** Cannot be answered and does not wake. */
  | 'read';

export interface Route {
  kind: RouteKind;
  /** The path as the table spells it: the key of catalogue answers. */
  name: string;
}

type Methods = Partial<Record<string, RouteKind>>;

const WORK: Methods = { POST: 'work' };

const ROUTES: Readonly<Record<string, Methods>> = {
  '/': { GET: 'catalogue', HEAD: 'catalogue' },
  '/api/version': { GET: 'catalogue', HEAD: 'catalogue' },
  '/api/tags': { GET: 'catalogue', HEAD: 'catalogue' },
  '/api/ps': { GET: 'catalogue' },
  '/api/show': { POST: 'catalogue' },
  '/api/status': { GET: 'read' },
  '/api/experimental/model-recommendations': { GET: 'read' },
  '/api/generate': { POST: 'work-or-unload' },
  '/api/chat': { POST: 'work-or-unload' },
  '/api/embed': WORK,
  '/api/embeddings': WORK,
  '/api/pull': WORK,
  '/api/push': WORK,
  '/api/create': WORK,
  '/api/copy': WORK,
  '/api/delete': { DELETE: 'work' },
  '/api/blobs/:digest': { HEAD: 'read', POST: 'work' },
  '/api/me': WORK,
  '/api/signout': WORK,
  '/api/user/keys/:key': { DELETE: 'work' },
  '/api/experimental/web_search': WORK,
  '/api/experimental/web_fetch': WORK,
  '/v1/models': { GET: 'catalogue' },
  '/v1/models/:model': { GET: 'read' },
  '/v1/chat/completions': WORK,
  '/v1/completions': WORK,
  '/v1/embeddings': WORK,
  '/v1/responses': WORK,
  '/v1/messages': WORK,
  '/v1/images/generations': WORK,
  '/v1/images/edits': WORK,
  '/v1/audio/transcriptions': WORK,
};

/** Paths with one variable last segment. */
const PREFIXES = Object.keys(ROUTES)
  .filter((path) => path.includes(':'))
  .map((path) => ({ prefix: path.slice(0, path.indexOf(':')), name: path }));

/** The route of a request, or null for an unknown path, or the methods that the path does allow. */
export function routeOf(method: string, path: string): Route | { allow: string } | null {
  const name = nameOf(path);
  const methods = name === null ? undefined : ROUTES[name];
  if (name === null || !methods) return null;
  const kind = methods[method];
  return kind ? { kind, name } : { allow: Object.keys(methods).join(', ') };
}

/** Whether a request to a machine that is awake counts as work: every POST, PUT or DELETE but /api/show. */
export function isWork(method: string, path: string): boolean {
  if (method === 'GET' || method === 'HEAD' || method === 'OPTIONS') return false;
  return path !== '/api/show';
}

/** The path of a request target: no query, and of an absolute target (RFC 9112 §3.2.2) only the path. */
export function pathOf(target: string): string {
  const query = target.indexOf('?');
  const path = query < 0 ? target : target.slice(0, query);
  return path.startsWith('/') ? path : path.replace(/^https?:\/\/[^/]*/i, '') || '/';
}

/** Paths that are the gateway's own: never forwarded. `GET /` has an answer that does not depend on the machine. */
export function isOwn(method: string, path: string): boolean {
  if (path === '/') return method === 'GET' || method === 'HEAD';
  return path === '/status' || path.startsWith('/health/');
}

function nameOf(path: string): string | null {
  if (Object.hasOwn(ROUTES, path)) return path;
  const match = PREFIXES.find(({ prefix }) => path.startsWith(prefix));
  if (!match) return null;
  const rest = path.slice(match.prefix.length);
  return rest !== '' && !rest.includes('/') ? match.name : null;
}

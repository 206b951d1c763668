/** What a request is for, as the metrics tell it: every path has one of a closed list of classes, also one that Ollama lacks. */
import type { RouteClass } from '../../common/metrics/request-tally.js';

const CLASSES: ReadonlyMap<string, RouteClass> = new Map<string, RouteClass>([
  ['/api/chat', 'chat'],
  ['/api/generate', 'generate'],
  ['/api/embed', 'embed'],
  ['/api/embeddings', 'embed'],
  ['/v1/messages', 'anthropic'],
  ['/api/tags', 'models'],
  ['/api/ps', 'models'],
  ['/api/show', 'models'],
  ['/api/version', 'models'],
  ['/v1/models', 'models'],
  ['/api/pull', 'management'],
  ['/api/push', 'management'],
  ['/api/create', 'management'],
  ['/api/copy', 'management'],
  ['/api/delete', 'management'],
  ['/', 'own'],
  ['/status', 'own'],
]);

/** For what the table above does not name; the first that fits. */
const PREFIXES: readonly [prefix: string, routeClass: RouteClass][] = [
  ['/v1/models/', 'models'],
  ['/v1/', 'openai'],
  ['/api/blobs/', 'management'],
  ['/health/', 'own'],
];

/** @param path without its query, as `pathOf` gives it */
export function routeClassOf(path: string): RouteClass {
  const routeClass = CLASSES.get(path);
  if (routeClass) return routeClass;
  for (const [prefix, of] of PREFIXES) if (path.startsWith(prefix)) return of;
  return 'other';
}

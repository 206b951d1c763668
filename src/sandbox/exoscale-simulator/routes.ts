/** Which request is which operation of the API: method, path, and whether it may be asked without a signature. */

export interface Route {
  operationId: string;
  method: string;
  /** Path below /v2; each group is one parameter. */
  pattern: RegExp;
  /** True for the operations that the API answers to everybody. */
  open: boolean;
  /** Query parameters the simulator understands. */
  query: readonly string[];
}

const ID = '([0-9a-f-]{36})';
const route = (operationId: string, method: string, path: string, more: Partial<Route> = {}): Route => ({
  operationId,
  method,
  pattern: new RegExp(`^${path.replaceAll('{id}', ID)}$`),
  open: false,
  query: [],
  ...more,
});

/** Every operation that the simulator knows. */
export const ROUTES: readonly Route[] = [
  route('list-zones', 'GET', '/zone', { open: true }),
  route('list-instance-types', 'GET', '/instance-type', { open: true }),
  route('get-instance-type', 'GET', '/instance-type/{id}', { open: true }),
  route('list-templates', 'GET', '/template', { query: ['visibility', 'family'] }),
  route('get-template', 'GET', '/template/{id}'),
  route('list-quotas', 'GET', '/quota'),
  route('get-quota', 'GET', '/quota/([a-z0-9-]+)'),
  route('list-security-groups', 'GET', '/security-group'),
  route('create-security-group', 'POST', '/security-group'),
  route('get-security-group', 'GET', '/security-group/{id}'),
  route('delete-security-group', 'DELETE', '/security-group/{id}'),
  route('add-rule-to-security-group', 'POST', '/security-group/{id}/rules'),
  route('delete-rule-from-security-group', 'DELETE', '/security-group/{id}/rules/{id}'),
  route('list-instances', 'GET', '/instance'),
  route('create-instance', 'POST', '/instance'),
  route('get-instance', 'GET', '/instance/{id}'),
  route('update-instance', 'PUT', '/instance/{id}'),
  route('delete-instance', 'DELETE', '/instance/{id}'),
  route('start-instance', 'PUT', '/instance/{id}:start'),
  route('stop-instance', 'PUT', '/instance/{id}:stop'),
  route('get-operation', 'GET', '/operation/{id}'),
];

/** Null for everything else, a wrong method on an action included: the API answers 404 to both. */
export function matchRoute(method: string, path: string): { route: Route; params: string[] } | null {
  for (const candidate of ROUTES) {
    const match = candidate.method === method ? candidate.pattern.exec(path) : null;
    if (match) return { route: candidate, params: match.slice(1) };
  }
  return null;
}

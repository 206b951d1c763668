/** The routes of Ollama that change which models the machine has, for GATEWAY_MODEL_MANAGEMENT=deny. */
import { canonicalPath } from './canonical-path.js';

const SUSPECT = /%|pull|push|create|copy|delete|blobs/i;
const ROUTE = /\/(?:pull|push|create|copy|delete|blobs)\//;

/** Whether a request target names one of them, whatever its method. Of ordinary targets nothing is copied. */
export function isModelManagement(target: string): boolean {
  if (!SUSPECT.test(target)) return false;
  const path = `${canonicalPath(target)}/`;
  const api = path.indexOf('/api/');
  return api >= 0 && ROUTE.test(path.slice(api + '/api'.length));
}

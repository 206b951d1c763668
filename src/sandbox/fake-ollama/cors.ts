/** Ollama's CORS rules with their default origins (ollama-api.md §1.2), on every route and on none of them too. */
import type { Exchange } from './exchange.js';

const LOCAL = /^https?:\/\/(localhost|127\.0\.0\.1|0\.0\.0\.0)(:\d+)?$/;
const APPS = /^(app|file|tauri|vscode-webview|vscode-file):\/\//;

const PREFLIGHT = {
  'Access-Control-Allow-Methods': 'GET,POST,PUT,PATCH,DELETE,HEAD,OPTIONS',
  'Access-Control-Allow-Headers': 'Authorization,Content-Type,User-Agent,Accept,X-Requested-With,OpenAI-Beta',
  'Access-Control-Max-Age': '43200',
};

/** True when the request has been answered: a preflight, or an origin that is not allowed. */
export function applyCors(exchange: Exchange): boolean {
  const { origin, host } = exchange.request.headers;
  // The server's own origin gets no headers; it needs none.
  if (!origin || origin === `http://${host}` || origin === `https://${host}`) return false;
  if (!LOCAL.test(origin) && !APPS.test(origin)) {
    exchange.sendEmpty(403);
    return true;
  }
  exchange.addHeaders({ 'Access-Control-Allow-Origin': origin, Vary: 'Origin' });
  if (exchange.method !== 'OPTIONS') return false;
  exchange.sendEmpty(204, PREFLIGHT);
  return true;
}

/**
 * Ollama's CORS rules for the answers that the gateway makes itself, so that a browser shows our message and not a
 * network error. Source: ollama-api.md §1.2 (gin-contrib/cors with Ollama's default origins).
 */
const LOCAL = /^https?:\/\/(localhost|127\.0\.0\.1|0\.0\.0\.0)(:\d+)?$/;
const SCHEMES = /^(app|file|tauri|vscode-webview|vscode-file):\/\//;

const ALLOW_METHODS = 'GET,POST,PUT,PATCH,DELETE,HEAD,OPTIONS';
const ALLOW_HEADERS =
  'Authorization,Content-Type,User-Agent,Accept,X-Requested-With,OpenAI-Beta,x-stainless-lang,x-stainless-package-version,x-stainless-os,x-stainless-arch,x-stainless-retry-count,x-stainless-runtime,x-stainless-runtime-version,x-stainless-async,x-stainless-helper-method,x-stainless-poll-helper,x-stainless-custom-poll-interval,x-stainless-timeout';

/** The CORS headers of an answer to a request from this origin; none when there is no origin or it is not allowed. */
export function corsHeaders(origin: string | undefined): Record<string, string> {
  if (!origin || !(LOCAL.test(origin) || SCHEMES.test(origin))) return {};
  return { 'access-control-allow-origin': origin, vary: 'Origin' };
}

/** The headers of a preflight's 204. */
export function preflightHeaders(origin: string | undefined): Record<string, string> {
  const allowed = corsHeaders(origin);
  if (!allowed['access-control-allow-origin']) return {};
  return {
    ...allowed,
    'access-control-allow-methods': ALLOW_METHODS,
    'access-control-allow-headers': ALLOW_HEADERS,
    'access-control-max-age': '43200',
  };
}

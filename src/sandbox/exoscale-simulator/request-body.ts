/** Reads request bodies: the exact bytes for the signature, and the JSON object that an operation takes. */
import type { IncomingMessage } from 'node:http';
import { ApiError } from './api-error.js';

const MAX_BYTES = 1024 * 1024;

/** Operations whose body the API marks as required; start-instance is one although every field of it is optional. */
const TAKES_BODY: ReadonlySet<string> = new Set([
  'create-instance',
  'update-instance',
  'start-instance',
  'create-security-group',
  'add-rule-to-security-group',
]);

export async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BYTES) throw ApiError.classic(413, 'Request body too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** @throws ApiError 400 or 415; an empty object for operations without a body */
export function readJsonBody(
  body: Buffer,
  contentType: string,
  operationId: string,
): Readonly<Record<string, unknown>> {
  if (!TAKES_BODY.has(operationId)) return {};
  if (body.length === 0) throw ApiError.classic(400, 'missing request body');
  // Strict on purpose: axios sends a form type for bare strings, and nobody would notice before the real API does.
  if (!/^application\/json\b/.test(contentType)) {
    throw ApiError.classic(415, 'Content-Type must be application/json');
  }
  try {
    const value: unknown = JSON.parse(body.toString());
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {
    // Falls through: text that is no JSON and JSON that is no object get the same answer.
  }
  throw ApiError.classic(400, 'Malformed request body');
}

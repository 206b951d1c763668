/** Reads an OpenAPI 3.0 document and answers whether a response body fits it, more strictly than the document asks. */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Ajv } from 'ajv';
import ajvFormats from 'ajv-formats';

type Json = Record<string, unknown>;

interface Operation {
  method: string;
  /** With `{parameters}`. */
  path: string;
}

const DOCUMENT = 'document.json';
const METHODS = ['get', 'post', 'put', 'delete'];

export class OpenApiDocument {
  private readonly ajv = new Ajv({ strict: false, allErrors: true });
  private readonly operations = new Map<string, Operation>();

  /** @throws Error that names the file when it is not there */
  constructor(file: URL) {
    if (!existsSync(file)) throw new Error(`the API description is missing: ${fileURLToPath(file)}`);
    const document = JSON.parse(readFileSync(file, 'utf8')) as { paths: Record<string, Record<string, Json>> };
    ajvFormats.default(this.ajv);
    this.ajv.addSchema(toJsonSchema(document) as Json, DOCUMENT);
    for (const [path, item] of Object.entries(document.paths)) {
      for (const method of METHODS.filter((one) => one in item)) {
        this.operations.set(String(item[method]?.operationId), { method, path });
      }
    }
  }

  operation(operationId: string): Operation {
    const found = this.operations.get(operationId);
    if (!found) throw new Error(`the API has no operation ${operationId}`);
    return found;
  }

  /** What is wrong with a 200 of the operation; empty when it fits. */
  faultsOf(operationId: string, body: unknown): string[] {
    const { method, path } = this.operation(operationId);
    const steps = ['paths', path, method, 'responses', '200', 'content', 'application/json', 'schema'];
    const pointer = steps.map((step) => encodeURIComponent(step.replaceAll('~', '~0').replaceAll('/', '~1')));
    const validate = this.ajv.compile({ $ref: `${DOCUMENT}#/${pointer.join('/')}` });
    if (validate(body)) return [];
    return (validate.errors ?? []).map((one) => `${one.instancePath} ${one.message} ${JSON.stringify(one.params)}`);
  }
}

/**
 * OpenAPI 3.0 says `nullable` and boolean exclusive limits where JSON Schema says it otherwise. Objects are closed: a
 * field that the description does not know is a mistake of the simulator.
 */
function toJsonSchema(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(toJsonSchema);
  if (typeof node !== 'object' || node === null) return node;
  const entries = Object.entries(node).map(([key, value]) => [key, toJsonSchema(value)] as const);
  const schema: Json = Object.fromEntries(entries);
  for (const [exclusive, limit] of [
    ['exclusiveMinimum', 'minimum'],
    ['exclusiveMaximum', 'maximum'],
  ] as const) {
    if (typeof schema[exclusive] !== 'boolean') continue;
    if (schema[exclusive]) {
      schema[exclusive] = schema[limit];
      delete schema[limit];
    } else {
      delete schema[exclusive];
    }
  }
  if (schema.nullable === true && typeof schema.type === 'string') schema.type = [schema.type, 'null'];
  if (schema.type === 'object' && schema.properties && schema.additionalProperties === undefined) {
    schema.additionalProperties = false;
  }
  return schema;
}

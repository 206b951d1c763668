/** A minimal signed client of the Exoscale API for suites of the simulator: signs what exoscale-api.md §1.2 says, no more. */
import { createHmac } from 'node:crypto';

/** The fields that suites look at; which of them an answer has depends on the operation. */
export interface WireBody {
  id: string;
  state: string;
  message: string;
  reference: { id: string };
  labels: Record<string, string>;
  'public-ip': string;
  rules: { id: string }[];
  instances: { id: string }[];
  templates: { id: string; name: string; 'created-at': string }[];
  'instance-types': WireType[];
  'security-groups': { id: string; name: string }[];
}

export interface WireType {
  id: string;
  family: string;
  size: string;
  gpus?: number;
  memory: number;
  authorized: boolean;
  zones: string[];
}

export interface Reply {
  status: number;
  headers: Headers;
  body: WireBody;
}

export interface Credentials {
  apiKey: string;
  apiSecret: string;
}

export class SignedClient {
  /** @param url base URL of the API, ending in /v2 */
  constructor(
    private readonly url: string,
    private readonly credentials: Credentials,
    private readonly nowMs: () => number = Date.now,
  ) {}

  /** @param path below /v2, with query */
  async call(method: string, path: string, body?: unknown): Promise<Reply> {
    const text = body === undefined ? '' : JSON.stringify(body);
    const response = await fetch(`${this.url}${path}`, {
      method,
      body: text || undefined,
      headers: {
        Authorization: this.authorization(method, path, text),
        ...(text && { 'Content-Type': 'application/json' }),
      },
    });
    return { status: response.status, headers: response.headers, body: (await response.json()) as WireBody };
  }

  get(path: string): Promise<Reply> {
    return this.call('GET', path);
  }

  private authorization(method: string, path: string, body: string): string {
    const target = new URL(`${this.url}${path}`);
    const expires = Math.floor(this.nowMs() / 1000) + 600;
    const query = [...target.searchParams].sort(([a], [b]) => (a < b ? -1 : 1));
    const values = query.map(([, value]) => value).join('');
    const message = [`${method} ${target.pathname}`, body, values, '', expires].join('\n');
    const signature = createHmac('sha256', this.credentials.apiSecret).update(message).digest('base64');
    const names = query.map(([name]) => name).join(';');
    const args = names && `,signed-query-args=${names}`;
    return `EXO2-HMAC-SHA256 credential=${this.credentials.apiKey}${args},expires=${expires},signature=${signature}`;
  }
}

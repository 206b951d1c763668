/**
 * The settings of nginx that deploy/ ships: compose's files as they are, and what ingress-nginx makes of our Ingress. Only
 * what a test cannot have is changed: addresses, ports and folders.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { FrontSettings } from './front-nginx.js';
import { TEST_CERTIFICATE, TEST_KEY } from './test-certificate.js';

const DEPLOY = join(import.meta.dirname, '../../deploy');

/** deploy/compose/nginx.conf with its plain or its TLS listener. */
export function composeFront(listener: 'plain' | 'tls' = 'plain'): FrontSettings {
  return ({ dir, port, gateways }) => ({
    'nginx.conf': shipped('compose/nginx.conf')
      .replaceAll('/tmp/', `${dir}/`)
      .replace('gateway:11434', String(gateways[0])),
    'listen.conf': shipped(`compose/listen-${listener}.conf`).replace('listen 11434', `listen 127.0.0.1:${port}`),
    'certs/fullchain.pem': TEST_CERTIFICATE,
    'certs/privkey.pem': TEST_KEY,
  });
}

/** What an annotation becomes, and its value where the Ingress has none: the defaults of ingress-nginx 1.x. */
const ANNOTATIONS: Readonly<Record<string, { fallback: string; becomes: (value: string) => string }>> = {
  // Concerns its other listener, port 80.
  'force-ssl-redirect': { fallback: 'false', becomes: () => '' },
  'proxy-body-size': { fallback: '1m', becomes: (value) => `client_max_body_size ${value};` },
  'proxy-buffering': { fallback: 'off', becomes: (value) => `proxy_buffering ${value};` },
  'proxy-connect-timeout': { fallback: '5', becomes: (value) => `proxy_connect_timeout ${value}s;` },
  'proxy-http-version': { fallback: '1.1', becomes: (value) => `proxy_http_version ${value};` },
  'proxy-next-upstream': { fallback: 'error timeout', becomes: (value) => `proxy_next_upstream ${value};` },
  'proxy-next-upstream-tries': { fallback: '3', becomes: (value) => `proxy_next_upstream_tries ${value};` },
  'proxy-read-timeout': { fallback: '60', becomes: (value) => `proxy_read_timeout ${value}s;` },
  'proxy-request-buffering': { fallback: 'on', becomes: (value) => `proxy_request_buffering ${value};` },
  'proxy-send-timeout': { fallback: '60', becomes: (value) => `proxy_send_timeout ${value}s;` },
};

/** Without their prefix. */
type Annotations = Readonly<Record<string, string | undefined>>;

const PREFIX = 'nginx.ingress.kubernetes.io/';

/** Those of deploy/kubernetes/ingress.yaml. */
export function shippedAnnotations(): Annotations {
  const { metadata } = parse(shipped('kubernetes/ingress.yaml')) as {
    metadata: { annotations: Record<string, string> };
  };
  return Object.fromEntries(
    Object.entries(metadata.annotations).map(([name, value]) => [name.replace(PREFIX, ''), value]),
  );
}

/**
 * The server block that ingress-nginx writes (its rootfs/etc/nginx/template/nginx.tmpl), less what has no bearing on one
 * HTTP backend. Its upstream is Lua that follows the endpoints; here a list stands in for it.
 * @throws Error for an annotation whose effect is not known here
 */
export function ingressFront(annotations: Annotations = shippedAnnotations()): FrontSettings {
  const unknown = Object.keys(annotations).filter((name) => !(name in ANNOTATIONS));
  if (unknown.length > 0) throw new Error(`what does ingress-nginx make of ${unknown.join()}?`);
  const directives = Object.entries(ANNOTATIONS).map(([name, { fallback, becomes }]) =>
    becomes(annotations[name] ?? fallback),
  );
  return ({ dir, port, gateways }) => ({
    'nginx.conf': `
      worker_processes auto;
      pid ${dir}/nginx.pid;
      events { worker_connections 16384; multi_accept on; }
      http {
        access_log off;
        ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `${kind}_temp_path ${dir}/${kind};`).join(' ')}
        keepalive_timeout 75s;
        client_header_timeout 60s;
        client_body_timeout 60s;
        proxy_intercept_errors off;
        map $http_upgrade $connection_upgrade { default upgrade; '' ''; }
        upstream upstream_balancer {
          ${gateways.map((gateway) => `server ${gateway};`).join(' ')}
          keepalive 320;
          keepalive_timeout 60s;
        }
        server {
          listen 127.0.0.1:${port};
          location / {
            proxy_set_header Host $http_host;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection $connection_upgrade;
            proxy_set_header X-Real-IP $remote_addr;
            proxy_set_header X-Forwarded-For $remote_addr;
            proxy_set_header X-Forwarded-Host $http_host;
            proxy_set_header X-Forwarded-Proto $scheme;
            proxy_set_header X-Original-Forwarded-For $http_x_forwarded_for;
            proxy_set_header Proxy "";
            ${directives.join('\n            ')}
            proxy_redirect off;
            proxy_pass http://upstream_balancer;
          }
        }
      }`,
  });
}

/** The same settings with every time-out divided, so that a test need not wait for hours. */
export function fasterBy(factor: number, settings: FrontSettings): FrontSettings {
  return (place) => {
    const files = settings(place);
    const conf = String(files['nginx.conf']).replaceAll(
      /(\w+_timeout) (\d+)([smh]);/g,
      (_all, name: string, count: string, unit: 's' | 'm' | 'h') => `${name} ${(Number(count) * MS[unit]) / factor}ms;`,
    );
    return { ...files, 'nginx.conf': conf };
  };
}

const MS = { s: 1000, m: 60_000, h: 3_600_000 };

function shipped(path: string): string {
  return readFileSync(join(DEPLOY, path), 'utf8');
}

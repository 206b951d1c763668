/** nginx from Debian as the yardstick: one worker, buffering off, kept-alive connections to the upstream, no access log. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from './free-port.mjs';
import { hasEnded } from './scope.mjs';
import { until } from './until.mjs';

/**
 * @param {import('./scope.mjs').Scope} scope
 * @param {string} command
 * @param {number} upstreamPort
 * @param {{ path: string, body: string }} cold  what the yardstick of the cold answer says, at a path of its own
 * @returns {Promise<{ url: string, pid: number }>} the pid is the worker's
 */
export async function startNginx(scope, command, upstreamPort, cold) {
  const port = await freePort();
  const file = join(scope.dir, 'nginx.conf');
  writeFileSync(file, configuration(scope.dir, port, upstreamPort, cold));
  const { child, complaint } = scope.start('nginx', command, ['-p', scope.dir, '-c', file, '-e', 'stderr']);
  const url = `http://127.0.0.1:${port}`;
  await until('the start of nginx', 10_000, async () => {
    if (hasEnded(child)) throw new Error(complaint());
    return fetch(url).then(
      ({ ok }) => ok,
      () => false,
    );
  });
  return { url, pid: onlyChildOf(Number(child.pid)) };
}

/** @param {number} pid */
function onlyChildOf(pid) {
  return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim());
}

/**
 * @param {string} dir
 * @param {number} port
 * @param {number} upstreamPort
 * @param {{ path: string, body: string }} cold
 */
function configuration(dir, port, upstreamPort, cold) {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  return `
daemon off;
worker_processes 1;
${process.getuid?.() === 0 ? 'user root;' : ''}
pid ${dir}/nginx.pid;
events { worker_connections 4096; }
http {
  access_log off;
  ${temporary.map((kind) => `${kind}_temp_path ${dir}/nginx-${kind};`).join('\n  ')}
  keepalive_requests 1000000000;
  client_max_body_size 0;
  upstream machine { server 127.0.0.1:${upstreamPort}; keepalive 1024; keepalive_requests 1000000000; }
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://machine;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_buffering off;
      proxy_request_buffering off;
      proxy_read_timeout 1h;
    }
    location = ${cold.path} { default_type application/json; return 503 '${cold.body}'; }
  }
}
`;
}

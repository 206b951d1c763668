/**
 * The machine's end of the link as files of nginx: the configuration, and for mTLS what it proves itself with. The text is
 * in `files/`; filled in are ports, name and the TLS block. Makes no keys.
 */
import type { MachineEnd } from '../../link/machine-link.js';
import { sourceText, type MachineFile } from './machine-files.js';
import { ollamaPortOf, type MachineSettings } from './machine-settings.js';

const FOLDER = '/etc/ollama-gateway/link';

const CONFIGURATION = sourceText('link.nginx.conf');
const TLS_BLOCK = sourceText('link-tls.nginx.conf');

/** @throws RangeError for a server name that is no DNS name */
export function linkFiles(settings: MachineSettings): MachineFile[] {
  const { link } = settings;
  const configuration = { path: `${FOLDER}/nginx.conf`, mode: '0644', content: configurationOf(settings) };
  if (link.kind === 'plain') return [configuration];
  return [
    configuration,
    { path: `${FOLDER}/ca.pem`, mode: '0644', content: link.caPem },
    { path: `${FOLDER}/server.pem`, mode: '0644', content: link.certificatePem },
    { path: `${FOLDER}/server.key`, mode: '0600', content: link.keyPem },
  ];
}

function configurationOf(settings: MachineSettings): string {
  const { link, linkPort } = settings;
  const tls = link.kind === 'mtls';
  return CONFIGURATION.replaceAll('@TLS@\n', tls ? TLS_BLOCK : '')
    .replaceAll('@LISTEN@', tls ? `${linkPort} ssl` : `${linkPort}`)
    .replaceAll('@SERVER_NAME@', serverNameOf(link))
    .replaceAll('@OLLAMA_PORT@', String(ollamaPortOf(settings)));
}

/** `_` is nobody's name: a lone server takes every request (nginx, "Server names"). */
function serverNameOf(link: MachineEnd): string {
  if (link.kind === 'plain') return '_';
  if (!/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/.test(link.serverName)) {
    throw new RangeError(`not a DNS name: ${JSON.stringify(link.serverName)}`);
  }
  return link.serverName;
}

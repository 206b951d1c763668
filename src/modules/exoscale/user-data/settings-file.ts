/** What the gateway sets on one machine, as the shell file that its scripts source. */
import type { MachineFile } from './machine-files.js';
import { ollamaPortOf, type MachineSettings } from './machine-settings.js';
import { shellQuote } from './shell-quote.js';

/** Not for the user to choose: the gateway decides how long a model stays loaded, and prompts stay on the machine. */
const FIXED_OLLAMA_ENV = { OLLAMA_KEEP_ALIVE: '-1', OLLAMA_NO_CLOUD: '1' };

/** @throws RangeError for a name that is none of Ollama's or a value no shell variable can hold */
export function settingsFile(settings: MachineSettings, bootstrapVersion: string): MachineFile {
  const variables = {
    BOOTSTRAP_VERSION: bootstrapVersion,
    BOOTSTRAP_LAUNCH_ID: settings.launchId,
    BOOTSTRAP_GPU: settings.gpu ? '1' : '0',
    BOOTSTRAP_LINK_PORT: String(settings.linkPort),
    BOOTSTRAP_OLLAMA_PORT: String(ollamaPortOf(settings)),
    BOOTSTRAP_IMAGE: settings.image,
    BOOTSTRAP_IDLE_TIMEOUT_SEC: String(settings.idleTimeoutSec),
    ...onlyOllamaNames(settings.ollamaEnv),
    ...FIXED_OLLAMA_ENV,
  };
  const lines = Object.entries(variables).map(([name, value]) => `${name}=${shellQuote(value)}\n`);
  return { path: '/etc/ollama-gateway/bootstrap.env', mode: '0600', content: lines.join('') };
}

/** Names are not quoted, so they must be names; anything but OLLAMA_* would not reach the container. */
function onlyOllamaNames(env: Record<string, string>): Record<string, string> {
  const alien = Object.keys(env).find((name) => !/^OLLAMA_[A-Z0-9_]+$/.test(name));
  if (alien !== undefined) throw new RangeError(`not a setting of Ollama: ${JSON.stringify(alien)}`);
  return env;
}

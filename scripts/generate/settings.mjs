/** The settings as the gateway declares them, in groups with a title: what both generated descriptions are made of. */
import { CONFIG_CLASSES } from '../../dist/common/config/classes.js';
import { settingsOf } from '../../dist/common/config/setting.js';

const TITLES = {
  CloudConfig: 'Exoscale',
  ModelConfig: 'Models and Ollama',
  ListenerConfig: 'Public listener',
  AccessConfig: 'Access',
  AdminConfig: 'Admin listener',
  PoolConfig: 'Pool and owner',
  StateConfig: 'State',
  LinkConfig: 'Link to the machine',
  LifecycleConfig: 'Life of the machine, holds and shutdown',
  LogConfig: 'Log',
};

/** In the order of CONFIG_CLASSES. @throws for a class that nobody has given a title */
export const GROUPS = CONFIG_CLASSES.map((type) => {
  const title = TITLES[type.name];
  if (!title) throw new Error(`scripts/generate/settings.mjs has no title for ${type.name}`);
  return { title, settings: settingsOf(type) };
});

/** Whether the gateway does not start without it. */
export function isRequired({ kind, default: value }) {
  return value === undefined && !kind.startsWith('optional');
}

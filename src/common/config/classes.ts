/**
 * One validated class per concern (architecture.md §5). Values are what the user sets, in the user's units; derived
 * values belong to the module that needs them.
 */
import { IsIn, IsNotEmpty, IsOptional, Matches, Max, Min } from 'class-validator';
import { AccessConfig, AdminConfig } from './access-config.js';
import { IsHttpUrl, IsSeconds, IsWholeNumber } from './constraints.js';
import { LinkConfig } from './link-config.js';
import { ModelConfig } from './model-config.js';
import { Setting } from './setting.js';

/** RFC 1123 label, short enough for names and label values of the cloud. */
const LABEL = /^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$/;

/** Goes into a header. A file that holds more than the secret, or a paste with a line break, would fail on every call. */
const CREDENTIAL = /^[\x21-\x7e]*$/;

export class CloudConfig {
  @Setting({ env: 'EXOSCALE_API_KEY', kind: 'text', secret: true, what: 'Key of the Exoscale API.' })
  @IsNotEmpty({ message: 'is required (an Exoscale API key; `npm run sandbox` needs none)' })
  @Matches(CREDENTIAL, { message: 'must be one word of letters, digits and signs' })
  apiKey!: string;

  @Setting({ env: 'EXOSCALE_API_SECRET', kind: 'text', secret: true, what: 'Secret of that key.' })
  @IsNotEmpty({ message: 'is required (the secret of EXOSCALE_API_KEY; `npm run sandbox` needs none)' })
  @Matches(CREDENTIAL, { message: 'must be one word of letters, digits and signs' })
  apiSecret!: string;

  @Setting({ env: 'EXOSCALE_ZONE', kind: 'text', default: 'at-vie-2', what: 'Zone of the machine.' })
  @Matches(/^[a-z]{2}-[a-z]{2,4}-\d+$/, { message: 'must be a zone name such as at-vie-2' })
  zone!: string;

  @Setting({
    env: 'EXOSCALE_INSTANCE_TYPE',
    kind: 'text',
    default: 'a5000.small',
    what: '`family.size`; a family without `gpu` is also tried as `gpu<family>`; CPU types work.',
  })
  @Matches(/^[a-z0-9]+\.[a-z0-9-]+$/, { message: 'must be family.size, such as a5000.small' })
  instanceType!: string;

  @Setting({
    env: 'EXOSCALE_TEMPLATE',
    kind: 'text',
    default: 'Linux Ubuntu 24.04 LTS 64-bit',
    what: 'Disk image: the newest template of exactly this name in the zone.',
  })
  @IsNotEmpty({ message: 'must not be empty' })
  template!: string;

  @Setting({ env: 'EXOSCALE_DISK_SIZE', kind: 'integer', default: '50', what: 'Disk in GiB, for system and models.' })
  @IsWholeNumber(10, 51_200, 'GiB')
  diskSizeGib!: number;

  @Setting({
    env: 'EXOSCALE_API_ENDPOINT',
    kind: 'text',
    default: 'https://api-{zone}.exoscale.com/v2',
    what: 'Base URL of the API; `{zone}` is filled in.',
  })
  @IsHttpUrl({ message: 'must be an http(s) URL; {zone} is filled in' })
  endpoint!: string;

  @Setting({
    env: 'EXOSCALE_ADOPT_NAME',
    kind: 'optional-text',
    what: 'Adopt the unlabelled instance of exactly this name from an older set-up; needs GATEWAY_LINK=plain.',
  })
  @IsOptional()
  adoptName!: string | null;

  @Setting({
    env: 'EXOSCALE_SSH_KEY',
    kind: 'optional-text',
    what: 'Name of an SSH key of the account to put on new machines; port 22 stays closed until you open it.',
  })
  @IsOptional()
  sshKey!: string | null;
}

export class ListenerConfig {
  @Setting({ env: 'HOST', kind: 'text', default: '0.0.0.0', what: 'Address of the public listener.' })
  @IsNotEmpty({ message: 'must not be empty' })
  host!: string;

  @Setting({ env: 'PORT', kind: 'integer', default: '11434', what: 'Port of the public listener.' })
  @IsWholeNumber(0, 65_535, 'port')
  port!: number;
}

export class PoolConfig {
  @Setting({ env: 'GATEWAY_POOL', kind: 'text', default: 'default', what: 'Name of the pool: one machine per pool.' })
  @Matches(LABEL, { message: 'must be 1 to 32 lower-case letters, digits and hyphens' })
  pool!: string;

  @Setting({
    env: 'GATEWAY_OWNER',
    kind: 'optional-text',
    defaultText: 'made once, kept in the state store',
    what: 'Owner label of our machines; set it to find them again after the state was lost.',
  })
  @IsOptional()
  @Matches(/^[a-z0-9][a-z0-9-]{7,62}$/, { message: 'must be 8 to 63 lower-case letters, digits and hyphens' })
  owner!: string | null;

  @Setting({
    env: 'GATEWAY_ADOPT_OWNER',
    kind: 'optional-text',
    what: 'Take over the machine of our pool that carries this owner label.',
  })
  @IsOptional()
  @Matches(/^[a-z0-9][a-z0-9-]{7,62}$/, { message: 'must be the owner that the error pool_in_use names' })
  adoptOwner!: string | null;
}

export class StateConfig {
  @Setting({
    env: 'GATEWAY_STATE_DIR',
    kind: 'text',
    default: './data',
    defaultText: './data (image: /data)',
    what: 'Folder of the SQLite state: one process, one folder.',
  })
  @IsNotEmpty({ message: 'must not be empty' })
  dir!: string;
}

export class LifecycleConfig {
  @Setting({
    env: 'EXOSCALE_IDLE_TIMEOUT',
    kind: 'integer',
    default: '1800',
    what: 'Seconds without work until the machine is stopped.',
  })
  @IsSeconds(1)
  idleTimeoutSec!: number;

  @Setting({
    env: 'GATEWAY_IDLE_ACTION',
    kind: 'text',
    default: 'stop',
    what: 'What idleness does: `stop` keeps the disk, `destroy` does not.',
  })
  @IsIn(['stop', 'destroy'], { message: 'must be stop or destroy' })
  idleAction!: 'stop' | 'destroy';

  @Setting({
    env: 'GATEWAY_DESTROY_AFTER',
    kind: 'integer',
    default: '604800',
    what: 'Seconds a machine stays stopped before it is destroyed; 0 = never.',
  })
  @IsSeconds(0)
  destroyAfterSec!: number;

  @Setting({
    env: 'GATEWAY_UNCLAIMED_SECONDS',
    kind: 'integer',
    default: '600',
    what: 'A machine nobody used after ready is stopped after this time, if it is shorter than the idle timeout.',
  })
  @IsSeconds(1)
  unclaimedSec!: number;

  @Setting({
    env: 'GATEWAY_MAX_STARTS_PER_HOUR',
    kind: 'integer',
    default: '6',
    what: 'Flap guard: starts on a request’s behalf that reached running, per hour; 0 = no guard.',
  })
  @IsWholeNumber(0, 3600)
  maxStartsPerHour!: number;

  @Setting({
    env: 'GATEWAY_HOLD_RESUME_SECONDS',
    kind: 'integer',
    default: '45',
    what: 'A request that meets a stopped machine is held when it can be served within this time.',
  })
  @IsSeconds(0)
  holdResumeSec!: number;

  @Setting({
    env: 'GATEWAY_HOLD_CREATE_SECONDS',
    kind: 'integer',
    default: '0',
    what: 'The same for a request that needs a new machine; 0 = answer at once.',
  })
  @IsSeconds(0)
  holdCreateSec!: number;

  @Setting({
    env: 'GATEWAY_HOLD_MAX_SECONDS',
    kind: 'integer',
    default: '900',
    what: 'Longest hold a client may ask for with `Prefer: wait=N` or `X-Scale-Up-Timeout: N`.',
  })
  @IsSeconds(0)
  holdMaxSec!: number;

  @Setting({
    env: 'GATEWAY_DRAIN_SECONDS',
    kind: 'integer',
    default: '300',
    what: 'How long open streams may finish after SIGTERM.',
  })
  @IsSeconds(0)
  drainSec!: number;

  @Setting({
    env: 'GATEWAY_SHUTDOWN_DELAY_SECONDS',
    kind: 'integer',
    default: '5',
    what: 'How long requests are still taken after SIGTERM, while load balancers notice.',
  })
  @IsSeconds(0)
  shutdownDelaySec!: number;

  @Setting({
    env: 'GATEWAY_TIME_SCALE',
    kind: 'number',
    default: '1',
    what: 'Sandbox and tests: divides poll intervals, back-offs, deadlines and graces. Refused against exoscale.com.',
  })
  @Min(1, { message: 'must be a number from 1 to 10000' })
  @Max(10000, { message: 'must be a number from 1 to 10000' })
  timeScale!: number;
}

export class LogConfig {
  @Setting({
    env: 'GATEWAY_LOG_LEVEL',
    kind: 'text',
    default: 'info',
    what: 'Least level that is logged (docs/operations.md).',
  })
  @IsIn(['debug', 'info', 'warn', 'error'], { message: 'must be debug, info, warn or error' })
  level!: 'debug' | 'info' | 'warn' | 'error';
}

/** Every class, in the order of docs/configuration.md. */
export const CONFIG_CLASSES = [
  CloudConfig,
  ModelConfig,
  ListenerConfig,
  AccessConfig,
  AdminConfig,
  PoolConfig,
  StateConfig,
  LinkConfig,
  LifecycleConfig,
  LogConfig,
] as const;

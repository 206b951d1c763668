/** Who may use the public listener, for what, and where operators come in. */
import { IsIn, IsNotEmpty, IsOptional, Matches } from 'class-validator';
import { AreCidrs, IsWholeNumber } from './constraints.js';
import { Setting } from './setting.js';

export class AccessConfig {
  @Setting({
    env: 'GATEWAY_API_KEYS_FILE',
    kind: 'optional-text',
    what: 'File of the API keys that may use the gateway, a line `name:sha256-of-the-key` each; read again when it changes.',
  })
  @IsOptional()
  apiKeysFile!: string | null;

  @Setting({
    env: 'GATEWAY_MODEL_MANAGEMENT',
    kind: 'text',
    default: 'allow',
    what: '`deny` refuses pull, push, create, copy, delete and blobs.',
  })
  @IsIn(['allow', 'deny'], { message: 'must be allow or deny' })
  modelManagement!: 'allow' | 'deny';

  @Setting({
    env: 'GATEWAY_TRUSTED_PROXIES',
    kind: 'list',
    default: '',
    defaultText: 'none',
    what: 'Networks of the proxies in front whose `X-Forwarded-For` is believed in the log, comma-separated.',
  })
  @AreCidrs({ message: 'must be networks such as 10.0.0.0/8, separated by commas' })
  trustedProxies!: string[];
}

export class AdminConfig {
  @Setting({
    env: 'GATEWAY_ADMIN_HOST',
    kind: 'text',
    default: '127.0.0.1',
    defaultText: '127.0.0.1 (image: 0.0.0.0)',
    what: 'Address of the admin listener.',
  })
  @IsNotEmpty({ message: 'must not be empty' })
  host!: string;

  @Setting({ env: 'GATEWAY_ADMIN_PORT', kind: 'integer', default: '11435', what: 'Port of the admin listener.' })
  @IsWholeNumber(0, 65_535, 'port')
  port!: number;

  @Setting({
    env: 'GATEWAY_ADMIN_TOKEN',
    kind: 'optional-text',
    secret: true,
    what: 'Bearer token of the admin API. Without one it is served on loopback only; elsewhere there are health and metrics.',
  })
  @IsOptional()
  @Matches(/^[\x21-\x7e]{16,}$/, { message: 'must be one word of 16 or more letters, digits and signs' })
  token!: string | null;
}

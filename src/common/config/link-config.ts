/** The way between the gateway and its machine. */
import { IsBoolean, IsIn, IsOptional } from 'class-validator';
import { AreCidrs, IsLinkSecret, IsWholeNumber } from './constraints.js';
import { Setting } from './setting.js';

export class LinkConfig {
  @Setting({
    env: 'GATEWAY_LINK',
    kind: 'text',
    default: 'mtls',
    what: 'How the gateway speaks to the machine. `mtls` is TLS 1.3 with certificates on both sides; `plain` is http and needs GATEWAY_ALLOW_PLAIN_LINK=true.',
  })
  @IsIn(['mtls', 'plain'], { message: 'must be mtls or plain' })
  link!: 'mtls' | 'plain';

  @Setting({
    env: 'GATEWAY_LINK_PORT',
    kind: 'optional-integer',
    defaultText: '8443 (plain: 11434)',
    what: 'Port of the link on the machine.',
  })
  @IsOptional()
  @IsWholeNumber(1, 65_535, 'port')
  linkPort!: number | null;

  @Setting({
    env: 'GATEWAY_LINK_SECRET',
    kind: 'optional-text',
    secret: true,
    defaultText: 'made once, kept in GATEWAY_STATE_DIR',
    what: 'What all keys of the link are made from: 32 random bytes or more in base64; to rotate, `2:<new>,1:<old>` (docs/operations.md).',
  })
  @IsOptional()
  @IsLinkSecret({
    message: 'must be 32 or more random bytes in base64, or a list of epochs such as 2:<new>,1:<old>',
  })
  secret!: string | null;

  @Setting({
    env: 'GATEWAY_LINK_CIDRS',
    kind: 'list',
    default: '',
    defaultText: '0.0.0.0/0',
    what: 'Networks that may reach the link port, comma-separated; required for a plain link.',
  })
  @AreCidrs({ message: 'must be networks such as 203.0.113.7/32, separated by commas' })
  cidrs!: string[];

  @Setting({
    env: 'GATEWAY_ALLOW_PLAIN_LINK',
    kind: 'boolean',
    default: 'false',
    what: 'Second word for a plain link: prompts and answers cross the network unencrypted.',
  })
  @IsBoolean({ message: 'must be true or false' })
  allowPlain!: boolean;

  /** The port in force: the configured one, else the default of the link. */
  get port(): number {
    return this.linkPort ?? (this.link === 'plain' ? 11434 : 8443);
  }
}

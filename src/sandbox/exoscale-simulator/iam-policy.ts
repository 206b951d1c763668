/**
 * The policy of the role that the API key has: which operations it may call (exoscale-api.md §1.4). Rules are evaluated in
 * order, the first whose expression is true decides, and where none is nothing is allowed. Of the expression language
 * (CEL) this knows what docs/iam-policy.json needs.
 */

interface Rule {
  action: 'allow' | 'deny';
  /** `true`, `operation == '…'`, or `operation in ['…', …]`. */
  expression: string;
}

/** As the API takes it. */
export interface IamPolicy {
  'default-service-strategy': 'allow' | 'deny';
  services: Record<string, { type: 'allow' | 'deny' } | { type: 'rules'; rules: readonly Rule[] }>;
}

const OPERATION_IN = /^operation (?:in \[((?:'[a-z0-9-]+'(?:, ?)?)*)\]|== ('[a-z0-9-]+'))$/;

/** Every operation that the simulator knows is one of this service. */
const SERVICE = 'compute';

export class IamRole {
  private readonly rules: readonly { allows: boolean; matches: (operationId: string) => boolean }[];

  /** @throws Error for an expression that it does not know: a policy that is not enforced would prove nothing */
  constructor({ services, 'default-service-strategy': strategy }: IamPolicy) {
    const policy = services[SERVICE] ?? { type: strategy };
    const rules = policy.type === 'rules' ? policy.rules : [{ action: policy.type, expression: 'true' }];
    this.rules = rules.map(({ action, expression }) => ({ allows: action === 'allow', matches: compiled(expression) }));
  }

  allows(operationId: string): boolean {
    return this.rules.find((rule) => rule.matches(operationId))?.allows ?? false;
  }
}

/** What the API says to a key whose role does not allow the call (exoscale/cli#716). */
export const FORBIDDEN = `Forbidden by role policy for ${SERVICE}`;

function compiled(expression: string): (operationId: string) => boolean {
  if (expression === 'true') return () => true;
  const [, many, one] = OPERATION_IN.exec(expression) ?? [];
  const names = (many ?? one)?.match(/[a-z0-9-]+/g);
  if (!names) throw new Error(`the simulator does not know the expression ${expression}`);
  return (operationId) => names.includes(operationId);
}

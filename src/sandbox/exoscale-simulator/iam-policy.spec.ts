/** How the simulator reads a policy: as strictly as the API, or not at all. */
import { afterEach, describe, expect, it } from '@jest/globals';
import { SimulatedCloud } from '../../../test/support/simulated-cloud.js';
import { type IamPolicy, IamRole } from './iam-policy.js';

type Rules = { action: 'allow' | 'deny'; expression: string }[];

const compute = (rules: Rules): IamPolicy => ({
  'default-service-strategy': 'allow',
  services: { compute: { type: 'rules', rules } },
});
const allowed = (policy: IamPolicy, ...operations: string[]) => {
  const role = new IamRole(policy);
  return operations.filter((one) => role.allows(one));
};

describe('the role of a key', () => {
  it.each<[string, IamPolicy, string[]]>([
    ['the default where the service is not named', { 'default-service-strategy': 'allow', services: {} }, ['a', 'b']],
    ['nothing where the default is deny', { 'default-service-strategy': 'deny', services: {} }, []],
    [
      'everything of a service that is allowed',
      { 'default-service-strategy': 'deny', services: { compute: { type: 'allow' } } },
      ['a', 'b'],
    ],
    ['what a rule names', compute([{ action: 'allow', expression: "operation in ['a', 'c']" }]), ['a']],
    ['one operation by name', compute([{ action: 'allow', expression: "operation == 'b'" }]), ['b']],
    [
      'what the first rule that applies says',
      compute([
        { action: 'deny', expression: "operation == 'a'" },
        { action: 'allow', expression: 'true' },
      ]),
      ['b'],
    ],
    ['nothing where no rule applies, whatever the default', compute([]), []],
  ])('allows %s', (_what, policy, expected) => {
    expect(allowed(policy, 'a', 'b')).toEqual(expected);
  });

  it.each(["operation.startsWith('get')", "zone == 'at-vie-2'", "operation in ['a'] && true", ''])(
    'with the expression %j is refused: it could not be enforced',
    (expression) => {
      expect(() => new IamRole(compute([{ action: 'allow', expression }]))).toThrow('does not know the expression');
    },
  );
});

describe('the simulated API', () => {
  let cloud: SimulatedCloud;
  afterEach(() => cloud.close());

  it('answers 403 to what the role does not allow, as the real one does, and leaves faults for the next call', async () => {
    cloud = await SimulatedCloud.start({
      policy: compute([{ action: 'allow', expression: "operation == 'list-templates'" }]),
    });
    cloud.simulator.control.fault({ operation: '*', times: 1, kind: 'status', status: 418 });
    const refused = await cloud.api.get('/instance');
    expect([refused.status, refused.body]).toEqual([403, { message: 'Forbidden by role policy for compute' }]);
    expect((await cloud.api.get('/template')).status).toBe(418);
    expect((await cloud.api.get('/template')).status).toBe(200);
  });

  it('asks for the right even where it answers everybody without a signature', async () => {
    cloud = await SimulatedCloud.start({ policy: compute([]) });
    expect((await cloud.api.get('/zone')).status).toBe(403);
    expect((await fetch(`${cloud.simulator.url}/zone`)).status).toBe(200);
  });
});

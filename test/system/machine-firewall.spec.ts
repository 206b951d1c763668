/** The shipped firewall rules, loaded into a kernel: who can read the metadata service, and reach the container, with them. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { afterEach, expect, it } from '@jest/globals';
import { renderUserData } from '../../src/modules/exoscale/user-data/render-user-data.js';
import { endEverything } from '../support/endings.js';
import { layOutMachine } from '../support/machine-files.js';
import { TEST_MACHINE } from '../support/machine-under-test.js';
import { requireProgram } from '../support/programs.js';

const SCENE = join(import.meta.dirname, '../support/firewall-scene.sh');

/** @param rules files for nft, loaded in this order, twice */
function whoReachesWhom(rules: string[]): Record<string, string> {
  requireProgram('nft', 'nftables');
  requireProgram('ip', 'iproute2');
  const args = ['--net', '--mount', SCENE, process.execPath, ...rules];
  const { status, stdout, stderr } = spawnSync('unshare', args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`needs root and network namespaces: ${stderr}`);
  return Object.fromEntries(
    stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.split(': ') as [string, string]),
  );
}

afterEach(endEverything);

const OPEN = {
  'root to the metadata service': 'reached',
  'anybody else to the metadata service': 'reached',
  'a container to the metadata service': 'reached',
  'a container to the rest of the world': 'reached',
  'the machine to the container': 'reached',
  'a neighbour to the container': 'reached',
};

it('without them everybody reaches everything', () => {
  expect(whoReachesWhom([])).toEqual(OPEN);
});

it('with them only root reads the metadata service, and the container can be reached from the machine only', () => {
  const root = layOutMachine(renderUserData({ ...TEST_MACHINE, linkPort: 8443, link: { kind: 'plain' } }));
  expect(whoReachesWhom([join(root, 'etc/ollama-gateway/firewall.nft')])).toEqual({
    ...OPEN,
    'anybody else to the metadata service': 'kept out',
    'a container to the metadata service': 'kept out',
    'a neighbour to the container': 'kept out',
  });
});

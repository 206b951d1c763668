/** Gateways over worlds for one spec file, with the check that none of them ever made a mistake of its own. */
import { afterEach, expect } from '@jest/globals';
import { World, type Gateway, type HarnessOptions } from './pool-harness.js';

export const SEC = 1000;
export const MIN = 60 * SEC;

/** Starts gateways; after each test the log of all of them is searched for what must never be there. */
export function lifecycleSuite() {
  let gateways: Gateway[] = [];

  afterEach(() => {
    const mistakes = gateways.flatMap(({ errors }) => errors.filter(isMistake));
    gateways = [];
    expect(mistakes).toEqual([]);
  });

  /** Another gateway process over the same world. */
  async function another(world: World): Promise<Gateway> {
    const gateway = await world.gateway();
    gateways.push(gateway);
    return gateway;
  }

  async function begin(options: HarnessOptions = {}): Promise<{ world: World; gateway: Gateway }> {
    const world = new World(options);
    return { world, gateway: await another(world) };
  }

  return { begin, another };
}

/** A line that the reconciler or an effect writes only when its own code is wrong. */
export function isMistake(line: string): boolean {
  return line.includes('mistake') || line.includes('never should');
}

/**
 * The instance types the simulator offers. Families, sizes and GPU counts are those of exoscale-api.md §2.2; CPU counts
 * and memory stand for the real ones, nothing decides by them.
 */
import { stableId } from './stable-id.js';
import { GPU_ZONES, ZONES, type GpuFamily } from './zones.js';

export interface InstanceType {
  id: string;
  family: string;
  size: string;
  cpus: number;
  /** 0 on CPU types. */
  gpus: number;
  memoryBytes: number;
  zones: readonly string[];
}

const GIB = 1024 ** 3;

const CPU_SIZES: readonly (readonly [size: string, cpus: number, memoryGib: number])[] = [
  ['micro', 1, 0.5],
  ['tiny', 1, 1],
  ['small', 2, 2],
  ['medium', 2, 4],
  ['large', 4, 8],
  ['extra-large', 4, 16],
  ['huge', 8, 32],
  ['mega', 12, 64],
  ['titan', 16, 128],
  ['jumbo', 24, 225],
];

const GPU_SIZES: readonly (readonly [size: string, cpus: number, memoryGib: number])[] = [
  ['small', 12, 56],
  ['medium', 16, 90],
  ['large', 24, 120],
  ['huge', 48, 225],
];

/** GPUs per size, small first. */
const GPU_COUNTS: Readonly<Record<GpuFamily, readonly number[]>> = {
  gpu2: [1, 2, 3, 4],
  gpua30: [1, 2, 3, 4],
  gpu3: [1, 2, 4, 8],
  gpurtx6000pro: [1, 2, 4, 8],
  gpua5000: [1, 2, 4],
  gpu3080ti: [1, 2, 4],
};

export const GPU_FAMILIES = Object.keys(GPU_COUNTS) as GpuFamily[];

/** The human name of a type; the API itself has no such field. */
export function typeName(type: InstanceType): string {
  return `${type.family}.${type.size}`;
}

export function buildInstanceTypes(): InstanceType[] {
  const cpu = ['standard', 'memory', 'cpu'].flatMap((family) =>
    CPU_SIZES.map(([size, cpus, gib]) => makeType({ family, size, cpus, gpus: 0, gib, zones: ZONES })),
  );
  const gpu = GPU_FAMILIES.flatMap((family) =>
    GPU_COUNTS[family].map((gpus, index) => {
      const [size, cpus, gib] = GPU_SIZES[index] as (typeof GPU_SIZES)[number];
      return makeType({ family, size, cpus, gpus, gib, zones: GPU_ZONES[family] });
    }),
  );
  return [...cpu, ...gpu];
}

/** As the API writes it: `gpus` is absent on CPU types, because its schema has an exclusive minimum of 0. */
export function renderInstanceType(type: InstanceType, authorized: boolean): object {
  return {
    id: type.id,
    family: type.family,
    size: type.size,
    cpus: type.cpus,
    ...(type.gpus > 0 && { gpus: type.gpus }),
    memory: type.memoryBytes,
    authorized,
    zones: type.zones,
  };
}

function makeType(type: {
  family: string;
  size: string;
  cpus: number;
  gpus: number;
  gib: number;
  zones: readonly string[];
}): InstanceType {
  const { gib, ...rest } = type;
  return { id: stableId(`instance-type/${type.family}.${type.size}`), memoryBytes: gib * GIB, ...rest };
}

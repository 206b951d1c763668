/** The zones of the API and the GPU families found there in 2026-10 (exoscale-api.md §1.1). */

export const ZONES = [
  'ch-gva-2',
  'ch-dk-2',
  'de-fra-1',
  'de-muc-1',
  'at-vie-1',
  'at-vie-2',
  'bg-sof-1',
  'hr-zag-1',
] as const;

export type GpuFamily = 'gpu2' | 'gpu3' | 'gpua30' | 'gpua5000' | 'gpu3080ti' | 'gpurtx6000pro';

export const GPU_ZONES: Readonly<Record<GpuFamily, readonly string[]>> = {
  gpu2: ['at-vie-1'],
  gpu3: ['de-fra-1'],
  gpua30: ['ch-gva-2'],
  gpua5000: ['at-vie-2'],
  gpu3080ti: ['at-vie-2'],
  gpurtx6000pro: ['ch-dk-2', 'de-fra-1', 'hr-zag-1'],
};

/** Answer of list-zones: every zone's endpoint leads back to this simulator. */
export function zoneList(endpoint: string): object {
  const zones = ZONES.map((name) => ({
    name,
    'api-endpoint': endpoint,
    'sos-endpoint': `https://sos-${name}.exoscale.com`,
  }));
  return { zones };
}

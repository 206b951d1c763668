/**
 * Exoscale's published prices, for an estimate. They change without notice and the API does not tell them, so each series
 * that is made of them says where they come from and how old they are.
 */

/** Public price list `https://portal.exoscale.com/api/pricing/opencompute`, as read in this month (exoscale-api.md §5.1). */
export const PRICE_LIST = { source: 'opencompute', asOf: '2026-10' } as const;

/** Euros per hour of a running instance; the list has the same numbers in CHF and USD. No type of it depends on the zone. */
const EUROS_PER_HOUR: Readonly<Record<string, number>> = {
  'gpu.small': 1.16806,
  'gpu.medium': 1.71111,
  'gpu.large': 2.25417,
  'gpu.huge': 2.82083,
  'gpu2.small': 1.375,
  'gpu2.medium': 2.01389,
  'gpu2.large': 2.65278,
  'gpu2.huge': 3.31944,
  'gpu3.small': 1.0453,
  'gpu3.medium': 2.0907,
  'gpu3.large': 4.1813,
  'gpu3.huge': 8.3627,
  'gpua30.small': 1.22646,
  'gpua30.medium': 1.79667,
  'gpua30.large': 2.36688,
  'gpua30.huge': 2.96188,
  'gpua5000.small': 1.34028,
  'gpua5000.medium': 2.47951,
  'gpua5000.large': 4.55694,
  'gpu3080ti.small': 0.92361,
  'gpu3080ti.medium': 1.70868,
  'gpu3080ti.large': 3.14028,
  'gpurtx6000pro.small': 2.15278,
  'gpurtx6000pro.medium': 4.16667,
  'gpurtx6000pro.large': 8.19444,
  'gpurtx6000pro.huge': 15.97222,
};

/** For docs/metrics.md. */
export const PRICED_TYPES = Object.keys(EUROS_PER_HOUR);

/**
 * The published price of a type in euros per hour, or null where none is known. As in EXOSCALE_INSTANCE_TYPE, a family may be
 * named without its `gpu`.
 */
export function eurosPerHour(instanceType: string): number | null {
  return EUROS_PER_HOUR[instanceType] ?? EUROS_PER_HOUR[`gpu${instanceType}`] ?? null;
}

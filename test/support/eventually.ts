/** Waiting for a condition in another process: asked again at short intervals, with a deadline that names what was awaited. */
const INTERVAL_MS = 25;
/** Long: it is used up only by a test that fails, and a busy machine may need much of it. */
const DEADLINE_MS = 20_000;

/**
 * Resolves with the first value of `look` that is neither null, false nor undefined.
 * @param what for the message: what was awaited
 * @param explain evaluated at the deadline only, for the message
 */
export async function eventually<T>(
  what: string,
  look: () => T | Promise<T>,
  { withinMs = DEADLINE_MS, explain = () => '' }: { withinMs?: number; explain?: () => string } = {},
): Promise<NonNullable<T>> {
  const endMs = performance.now() + withinMs;
  for (;;) {
    const value = await look();
    if (value !== null && value !== undefined && value !== false) return value;
    if (performance.now() >= endMs) throw new Error(`${what}: not within ${withinMs} ms. ${explain()}`);
    await new Promise((resolve) => setTimeout(resolve, INTERVAL_MS));
  }
}

/** Resolves when `amount` has not changed for a while: everything is where it can go. */
export async function settled(amount: () => number): Promise<number> {
  let last = -1;
  let calmLooks = 0;
  await eventually('the flow stands still', () => {
    calmLooks = amount() === last && last > 0 ? calmLooks + 1 : 0;
    last = amount();
    return calmLooks >= 25;
  });
  return last;
}

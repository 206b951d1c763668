/** Waiting for a condition instead of for a time: the event loop turns until it holds. jest's time-out is the deadline. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

/** Waits for something that happens on a socket, without guessing how long it takes. */

/** Resolves as soon as `condition` holds; the test's own time-out bounds it. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

/** Waiting for another process: looks again and again, and says what it waited for when it gives up. */
const LOOK_EVERY_MS = 50;

/**
 * @param {string} what  completes "… did not happen within n s"
 * @param {number} limitMs
 * @param {() => boolean | Promise<boolean>} condition  may throw to give up at once
 */
export async function until(what, limitMs, condition) {
  const endMs = performance.now() + limitMs;
  while (!(await condition())) {
    if (performance.now() > endMs) throw new Error(`${what} did not happen within ${limitMs / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}

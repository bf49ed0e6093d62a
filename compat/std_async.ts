/**
 * Stands in for the part of `jsr:@std/async` that is used.
 *
 * @module
 */

/**
 * Waits for a promise, but not longer than so many milliseconds.
 *
 * @throws {DOMException} A `TimeoutError` when it took longer.
 */
export async function deadline<Value>(promise: Promise<Value>, ms: number): Promise<Value> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new DOMException("Signal timed out.", "TimeoutError")), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

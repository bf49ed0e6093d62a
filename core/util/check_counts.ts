/**
 * Sizes, positions and lengths are counts. Memory is laid out by them, so what is none must not get there.
 *
 * @module
 */

/**
 * Checks that numbers are counts.
 *
 * @param action What is to be done with them, for the error.
 * @param subject What they are, such as `each size`.
 * @param counts The numbers.
 * @throws {RangeError} If one is not a whole number of 0 or more.
 */
export function checkCounts(action: string, subject: string, counts: readonly number[]): void {
  const wrong = counts.findIndex((count) => !Number.isSafeInteger(count) || count < 0);
  if (wrong < 0) return;
  throw new RangeError(
    `Cannot ${action}: ${subject} must be a whole number of 0 or more, found ${counts[wrong]}`,
  );
}

/**
 * How far a fraction that was counted may be trusted.
 *
 * @module
 */

import { formatPercent } from "../format.ts";

/** The 97.5th percentile of the normal distribution: an interval of 95 %. */
const Z = 1.959963984540054;

/**
 * Computes the 95 % interval of a fraction (Wilson, "Probable inference, the law of succession, and statistical
 * inference", 1927), which also says something where all or none are right.
 *
 * @param right How many are right.
 * @param count Of how many, at least 1.
 * @returns Its ends, from 0 to 1.
 */
export function wilsonInterval(right: number, count: number): readonly [number, number] {
  const fraction = right / count;
  const scale = 1 + Z ** 2 / count;
  const middle = (fraction + Z ** 2 / (2 * count)) / scale;
  const half = Z * Math.sqrt(fraction * (1 - fraction) / count + Z ** 2 / (4 * count ** 2)) / scale;
  // Rounding must not leave the ends beside what they are.
  return [right === 0 ? 0 : middle - half, right === count ? 1 : middle + half];
}

/** Formats the interval, such as `91.2 % – 100 %`. */
export function formatInterval(right: number, count: number): string {
  return wilsonInterval(right, count).map(formatPercent).join(" – ");
}

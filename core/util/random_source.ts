/**
 * A small seeded generator for tests and samples; for numbers in programs see `random.ts`.
 *
 * @module
 */

/**
 * Makes a source of numbers in [0, 1) from a seed, by the generator mulberry32.
 *
 * @param seed A whole number.
 * @returns A function that gives the next number.
 *
 * @example Usage
 * ```ts
 * import { randomSource } from "@unroll/core/testing";
 * import { strictEqual } from "node:assert/strict";
 *
 * strictEqual(randomSource(1)(), randomSource(1)());
 * ```
 */
export function randomSource(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/**
 * Random numbers on the host that depend on a seed and whole numbers such as a step, and on nothing
 * that happened before.
 *
 * @module
 */
import type { RandomSource } from "../ir/primitive.ts";
import { randomSource } from "../util/random_source.ts";

/**
 * Returns random numbers of a seed and a path.
 *
 * @param seed A whole number.
 * @param path Whole numbers that say what for, such as a step or an epoch.
 * @returns Numbers in [0, 1), the same ones for the same seed and path.
 *
 * @example Usage
 * ```ts
 * import { randomFor } from "@unroll/core/plugin";
 * import { notStrictEqual, strictEqual } from "node:assert/strict";
 *
 * strictEqual(randomFor(0, 7)(), randomFor(0, 7)());
 * notStrictEqual(randomFor(0, 7)(), randomFor(0, 8)());
 * ```
 */
export function randomFor(seed: number, ...path: readonly number[]): RandomSource {
  let hash = mix(0x9e3779b9 ^ Math.floor(seed / 2 ** 32)) ^ seed;
  for (const word of path) hash = mix(hash) + word;
  return randomSource(mix(hash));
}

/** Mixes the bits of a word: the finalizer of MurmurHash3. */
function mix(word: number): number {
  let h = word | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

/**
 * Returns the whole numbers from 0 to before `count` in random order (Fisher and Yates).
 *
 * @param count How many.
 * @param random Where the order comes from.
 *
 * @example Usage
 * ```ts
 * import { permutation, randomFor } from "@unroll/core/plugin";
 * import { deepStrictEqual } from "node:assert/strict";
 *
 * const order = permutation(4, randomFor(0));
 * deepStrictEqual([...order].sort(), [0, 1, 2, 3]);
 * ```
 */
export function permutation(count: number, random: RandomSource): Int32Array {
  const order = Int32Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}

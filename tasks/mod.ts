/**
 * The tasks of Unroll, what models are trained on: `char` (the next character of a text), `counting` (adding 1, digit by
 * digit), `fizzbuzz` and `xor`. A task gives batches, measures a model, and shows a person what the model can do.
 *
 * @example Look at a batch
 * ```ts
 * import { xor } from "@unroll/tasks";
 * import { strictEqual } from "node:assert/strict";
 *
 * const task = await xor().create();
 * const { length, size } = task.batch({ step: 0, seed: 0, random: Math.random });
 * strictEqual(length, 2);
 * strictEqual(size, 4);
 * ```
 *
 * @module
 */
import type { TaskPlugin } from "@unroll/core/plugin";
import { char } from "./char.ts";
import { counting } from "./counting.ts";
import { fizzbuzz } from "./fizzbuzz.ts";
import { xor } from "./xor.ts";

export type { AlphabetSettings } from "./alphabet.ts";
export { char, charOf, type CharOptions } from "./char.ts";
export * from "./char_sample.ts";
export * from "./corpora.ts";
export * from "./corpus_files.ts";
export { counting, type CountingOptions } from "./counting.ts";
export * from "./counting_answers.ts";
export { formatDigits, nextDigits, parseDigits } from "./digits.ts";
export { fizzbuzz, type FizzbuzzOptions } from "./fizzbuzz.ts";
export { fizzbuzzClass, fizzbuzzWord } from "./fizzbuzz_words.ts";
export * from "./gutenberg.ts";
export { xor, type XorOptions } from "./xor.ts";

/** The tasks by name. */
export const TASKS: Readonly<Record<string, TaskPlugin>> = { char, counting, fizzbuzz, xor };

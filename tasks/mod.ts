/**
 * The tasks of Unroll.
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

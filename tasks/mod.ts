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
export * from "./char.ts";
export * from "./char_sample.ts";
export * from "./corpora.ts";
export * from "./corpus_files.ts";
export * from "./counting.ts";
export * from "./counting_answers.ts";
export * from "./digits.ts";
export * from "./fizzbuzz.ts";
export * from "./gutenberg.ts";
export * from "./xor.ts";

/** The tasks by name. */
export const TASKS: Readonly<Record<string, TaskPlugin>> = { char, counting, fizzbuzz, xor };

/**
 * The tasks of Unroll.
 *
 * @module
 */
import type { TaskPlugin } from "@unroll/core";
import { counting } from "./counting.ts";
import { fizzbuzz } from "./fizzbuzz.ts";

export * from "./counting.ts";
export * from "./counting_answers.ts";
export * from "./digits.ts";
export * from "./fizzbuzz.ts";

/** The tasks by name. */
export const TASKS: Readonly<Record<string, TaskPlugin>> = { counting, fizzbuzz };

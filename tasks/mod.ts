/**
 * The tasks of Unroll.
 *
 * @module
 */
import type { TaskPlugin } from "@unroll/core";
import { fizzbuzz } from "./fizzbuzz.ts";

export * from "./fizzbuzz.ts";

/** The tasks by name. */
export const TASKS: Readonly<Record<string, TaskPlugin>> = { fizzbuzz };

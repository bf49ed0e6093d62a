/**
 * Derived operations: built of primitives, with no rules of their own.
 *
 * @module
 */
export * from "./arithmetic.ts";
export * from "./comparisons.ts";
export * from "./functions.ts";
export * from "./matmul.ts";
export * from "./creation.ts";
export * from "./layout.ts";
export * from "./losses.ts";
export * from "./reductions.ts";
export * from "./scan.ts";

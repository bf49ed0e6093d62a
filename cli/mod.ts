/**
 * The command line of Unroll, to be composed with other models and tasks.
 *
 * @module
 */
export * from "./errors.ts";
export * from "./local_world.ts";
export * from "./main.ts";
export * from "./recipes/mod.ts";
export * from "./reporter.ts";
export * from "./report_lines.ts";
export * from "./train_options.ts";
export * from "./world.ts";

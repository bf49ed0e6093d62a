/**
 * What every plugin has, model or task: enough to list it, to make its flags and to find it by name.
 *
 * @module
 */

import type { OptionsSchema } from "./options.ts";

/** The kinds of plugin. */
export type PluginKind = "model" | "task";

/** A plugin; a model or a task adds what it does. */
export interface Plugin {
  /** Whether it is a model or a task. */
  readonly kind: PluginKind;
  /** Its name in lists and on the command line, such as `rnn`. */
  readonly name: string;
  /** What it is, in one line. */
  readonly summary: string;
  /** The options it takes. */
  readonly options: OptionsSchema<unknown>;
}

/**
 * Tests whether a value is a plugin.
 *
 * The check is by shape, not by class: a plugin may come from another copy of this package.
 *
 * @param value Anything, such as what a module exports.
 * @returns Whether it has all that a plugin has.
 */
export function isPlugin(value: unknown): value is Plugin {
  // A plugin may be callable, as in `rnn({ hidden: 5 })`.
  if (
    (typeof value !== "object" && typeof value !== "function") || value === null
  ) return false;
  const { kind, name, summary, options } = value as Partial<
    Record<keyof Plugin, unknown>
  >;
  return (kind === "model" || kind === "task") && typeof name === "string" &&
    name !== "" &&
    typeof summary === "string" && typeof options === "object" &&
    options !== null &&
    "shape" in options && "safeParse" in options;
}

/**
 * Says what failed in a plugin's own code, unless that is told already.
 *
 * @param action What failed, such as `create task "parity"`.
 * @param error What was thrown.
 * @returns What to throw.
 */
export function pluginError(action: string, error: unknown): unknown {
  const message = error instanceof Error ? error.message || error.name : String(error);
  // The engine's own sentences begin like ours, and say nothing of the plugin.
  const isTold =
    /^Cannot (?!(read|set) propert|access|convert|destructure|mix|assign|redefine|delete)/
      .test(message);
  // What is not permitted is for the program to tell.
  if (isTold || (error instanceof Error && error.name === "NotCapable")) return error;
  return new Error(`Cannot ${action}: ${message.split("\n")[0]}`, { cause: error });
}

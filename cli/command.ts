/**
 * What a command is: a row of the table out of which the command line is made.
 *
 * @module
 */

import type { OptionsSchema } from "@unroll/core/plugin";
import type { CommandContext } from "./context.ts";
import type { Flag, FlagSource, TypedFlags } from "./flags.ts";

/** A command: its words, and where the rest of it is, which only the one that runs needs. */
export interface CommandEntry {
  /** What is typed to run it. */
  readonly name: string;
  /** What it does, in a sentence or more. */
  readonly description: string;
  /** Words that it takes besides flags, such as `[run]` or `[runs...]`. */
  readonly argument?: string;
  /** Reads or makes the rest. */
  readonly load: () => CommandDefinition | Promise<CommandDefinition>;
}

/** The options of a command, and what it does. */
export interface CommandDefinition<Options = unknown, Selection = unknown> {
  /** Its own options: ranges, defaults, help and sentences about mistakes come from here. */
  readonly schema: OptionsSchema<Options> | ((context: CommandContext) => OptionsSchema<Options>);
  /** What is said above an example, and the example: `unroll …`, shown as this program is started. */
  readonly examples: readonly (readonly [title: string, line: string])[];
  /** Finds the plugins that bring options of their own, from what was typed. */
  readonly select?: Selector<Selection>;
  /** What one of the commands below is called in sentences; this one's name if left out. */
  readonly childKind?: string;
  /** Commands below this one. */
  readonly commands?: (context: CommandContext) => readonly CommandEntry[];
  /** Does its work. */
  run(context: CommandContext, input: CommandInput<Options, Selection>): void | Promise<void>;
}

/** What was typed after a command's name, read and checked. */
export interface CommandInput<Options = unknown, Selection = unknown> {
  /** The command's own options, with their defaults. */
  readonly options: Options;
  /** Names of those that were typed. */
  readonly typed: ReadonlySet<string>;
  /** What {@linkcode CommandDefinition.select} found; `undefined` without it. */
  readonly selection: Selection;
  /** Words that belong to no flag. */
  readonly positional: readonly string[];
}

/**
 * Finds the plugins that bring options, before the flags are known.
 *
 * @param args What was typed after the command's name; nothing if another command runs.
 * @param context What there is.
 * @param own The command's own options.
 * @returns All flags of the command.
 */
export type Selector<Selection> = (
  args: readonly string[],
  context: CommandContext,
  own: FlagSource,
) => Promise<SelectedFlags<Selection>>;

/** The flags of a command together with those of its plugins. */
export interface SelectedFlags<Selection> {
  /** All of them. */
  readonly flags: readonly Flag[];
  /** What takes the place of the command's description. */
  readonly description?: string;
  /** The end of the sentence about an unknown flag. */
  readonly hint?: string;
  /**
   * Reads the options of the plugins.
   *
   * @throws {RangeError} When a value is not allowed.
   */
  read(typed: TypedFlags): Selection;
}

/**
 * Infers the types of a definition.
 *
 * @param definition The command.
 * @returns The same.
 */
export function defineCommand<Options, Selection = undefined>(
  definition: CommandDefinition<Options, Selection>,
): CommandDefinition<Options, Selection> {
  return definition;
}

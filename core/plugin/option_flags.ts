/**
 * Options on the command line: their flags, their help, and values out of what was typed.
 *
 * @module
 */

import { formatRange, type OptionKind, readText } from "./option_kind.ts";
import {
  describeOptions,
  flagName,
  formatOptionValue,
  type Option,
  type OptionNaming,
  type OptionsSchema,
  parseOptions,
} from "./options.ts";

/**
 * Turns the text of flags into values and checks them.
 *
 * @param schema The options there are.
 * @param texts What was typed for each option, by its name in code; a boolean for `--x` and `--no-x`.
 * @param naming How to name the options in error sentences; by default as flags.
 * @returns All options.
 * @throws {RangeError} As {@linkcode parseOptions}.
 *
 * @example Usage
 * ```ts
 * import { parseOptionTexts } from "@unroll/core/plugin/host";
 * import { deepStrictEqual } from "node:assert/strict";
 * import * as z from "zod";
 *
 * const schema = z.object({ layers: z.array(z.int()).default([50]) });
 *
 * deepStrictEqual(parseOptionTexts(schema, { layers: "50,20" }), { layers: [50, 20] });
 * ```
 */
export function parseOptionTexts<Options>(
  schema: OptionsSchema<Options>,
  texts: Readonly<Record<string, string | boolean | undefined>>,
  naming: OptionNaming = {},
): Options {
  const options = new Map(describeOptions(schema).map((option) => [option.name, option]));
  const values: Record<string, unknown> = {};
  for (const [name, text] of Object.entries(texts)) {
    const kind = options.get(name)?.kind;
    values[name] = typeof text === "string" && kind !== undefined ? readText(kind, text) : text;
  }
  return parseOptions(schema, values, {
    displayName: (name) => `--${options.get(name)?.flag ?? flagName(name)}`,
    ...naming,
  });
}

/**
 * Returns the flags of an option, as they are written in a command's definition.
 *
 * @param option The option.
 * @param flag The name of the flag, by default the option's own.
 * @returns The flags: one, or for a boolean that which sets it and that which clears it.
 *
 * @example Usage
 * ```ts
 * import { describeOptions, optionFlags } from "@unroll/core/plugin/host";
 * import { deepStrictEqual } from "node:assert/strict";
 * import * as z from "zod";
 *
 * const options = describeOptions(z.object({ hidden: z.int(), bias: z.boolean().default(true) }));
 *
 * deepStrictEqual(options.map((option) => optionFlags(option)), [["--hidden <n>"], ["--bias", "--no-bias"]]);
 * ```
 */
export function optionFlags(
  option: Option,
  flag: string = option.flag,
): readonly string[] {
  if (option.kind.type !== "boolean") {
    return [`--${flag} <${option.placeholder ?? placeholder(option.kind)}>`];
  }
  return [`--${flag}`, `--no-${flag}`];
}

function placeholder(kind: OptionKind): string {
  switch (kind.type) {
    case "integer":
      return "n";
    case "number":
      return "x";
    case "boolean":
      return "yes";
    case "text":
      return "text";
    case "choice":
      return "name";
    case "list":
      return "list";
  }
}

/**
 * Returns the help text of an option: description, then unit, range or choices, and default.
 *
 * @param option The option.
 * @param flag The name of the flag, by default the option's own.
 * @returns One line, such as `Hidden units (1 to 4096; default 16)`.
 *
 * @example Usage
 * ```ts
 * import { describeOptions, optionHelp } from "@unroll/core/plugin/host";
 * import { strictEqual } from "node:assert/strict";
 * import * as z from "zod";
 *
 * const [option] = describeOptions(z.object({ hidden: z.int().min(1).default(16).describe("Hidden units") }));
 *
 * strictEqual(optionHelp(option), "Hidden units (at least 1; default 16)");
 * ```
 */
export function optionHelp(option: Option, flag: string = option.flag): string {
  const notes = [];
  if (option.unit !== undefined) notes.push(`in ${option.unit}`);
  const range = helpRange(option.kind);
  if (range !== "") notes.push(range);
  if (option.required) notes.push("required");
  else if (option.kind.type === "boolean") {
    if (option.default === true) notes.push(`default on; --no-${flag} turns it off`);
  } else if (option.default !== undefined) {
    notes.push(`default ${formatOptionValue(option.default)}`);
  }
  return [option.description, notes.length === 0 ? "" : `(${notes.join("; ")})`].filter(
    Boolean,
  ).join(" ");
}

function helpRange(kind: OptionKind): string {
  switch (kind.type) {
    case "integer":
    case "number":
      return formatRange(kind).replace(/^(from|of) /, "").replace(
        / and of /,
        " and ",
      );
    case "choice":
      return kind.values.join(", ");
    case "list": {
      const each = helpRange(kind.item);
      return `with commas${each === "" ? "" : `, each ${each}`}`;
    }
    default:
      return "";
  }
}

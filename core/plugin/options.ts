/**
 * Options of plugins: one zod schema is the source of the TypeScript type, the command-line flags, `--help`, the
 * defaults, the validation and what a checkpoint stores.
 *
 * A schema is an object of options. Each option is a number, a boolean, a text, a choice (`z.enum`) or a list of
 * these; ranges are zod's (`.min(1).max(4096)`), the description is `.describe("…")`, a unit is
 * `.meta({ unit: "seconds" })`. Values are plain JSON, so that they come back from a checkpoint as they went in.
 *
 * @module
 */

import * as z from "zod/mini";
import { formatKind, type OptionKind, readSchema } from "./option_kind.ts";
import { unknownName } from "../util/names.ts";

/**
 * A zod object schema whose parsed value is `Options`.
 *
 * The interface of the options is written out beside the schema, because published packages need explicit types; the
 * compiler checks that the two agree. This type names only what is used, so that any zod 4 fits.
 *
 * @example Usage
 * ```ts
 * import { type OptionsSchema } from "@unroll/core/plugin";
 * import { parseOptions } from "@unroll/core/plugin/host";
 * import { strictEqual } from "node:assert/strict";
 * import * as z from "zod";
 *
 * interface RnnOptions {
 *   readonly hidden: number;
 * }
 * const schema: OptionsSchema<RnnOptions> = z.object({
 *   hidden: z.int().min(1).max(4096).default(16).describe("Hidden units"),
 * });
 *
 * strictEqual(parseOptions(schema, {}).hidden, 16);
 * ```
 */
export interface OptionsSchema<Options> {
  /** The schema of each option. */
  readonly shape: Readonly<Record<string, unknown>>;
  /** Checks values and fills in defaults. */
  safeParse(values: unknown):
    | { readonly success: true; readonly data: Options }
    | { readonly success: false; readonly error: unknown };
}

/** One option of a schema, in the terms of flags and help. */
export interface Option {
  /** Its name in code, such as `topK`. */
  readonly name: string;
  /** Its name on the command line, without dashes, such as `top-k`; another one from `.meta({ flag })`. */
  readonly flag: string;
  /** What values it takes. */
  readonly kind: OptionKind;
  /** Whether a value must be given: there is no default and it may not be left out. */
  readonly required: boolean;
  /** What it is when it is not given; `undefined` when it is then absent. */
  readonly default?: unknown;
  /** From `.describe()`. */
  readonly description: string;
  /** From `.meta({ unit })`. */
  readonly unit?: string;
  /** From `.meta({ changeable: true })`: whether a run that is resumed may have another value. */
  readonly changeable: boolean;
  /** From `.meta({ group })`: the heading that its flag stands under in help. */
  readonly group?: string;
  /** From `.meta({ placeholder })`: what stands for its value in help, such as `folder`. */
  readonly placeholder?: string;
  /** From `.meta({ examples })`: values to suggest, where others are allowed too. */
  readonly examples?: readonly string[];
}

const OPTION_NAME = /^[a-z][a-z0-9]*([A-Z][a-z0-9]*)*$/;

/**
 * Reads a schema: what options there are, their kinds, defaults and descriptions.
 *
 * @param schema An object schema.
 * @returns The options, in the order of the schema.
 * @throws {TypeError} When an option cannot be written as a flag or stored as JSON, or has a name that cannot be one.
 *
 * @example Usage
 * ```ts
 * import { describeOptions } from "@unroll/core/plugin/host";
 * import { deepStrictEqual } from "node:assert/strict";
 * import * as z from "zod";
 *
 * const [option] = describeOptions(z.object({ topK: z.int().min(1).default(5) }));
 *
 * deepStrictEqual([option.flag, option.kind], ["top-k", { type: "integer", minimum: 1 }]);
 * ```
 */
export function describeOptions(schema: OptionsSchema<unknown>): readonly Option[] {
  const options: Option[] = [];
  for (const name of Object.keys(schema.shape)) {
    if (!OPTION_NAME.test(name) || /^no[A-Z]/.test(name)) {
      throw new TypeError(
        `Cannot make a flag of option "${name}": a camelCase name that does not begin with "no" is needed`,
      );
    }
    const { kind, metadata } = readSchema(schema.shape[name] as z.core.$ZodType);
    const { flag, description, unit, changeable, group, placeholder, examples } =
      metadata as OptionMetadata;
    if (kind === undefined) {
      throw new TypeError(
        `Cannot make a flag of option "${name}": a number, boolean, text, choice or list of these is needed`,
      );
    }
    const leftOut = z.safeParse(schema.shape[name] as z.core.$ZodType, undefined);
    options.push({
      name,
      flag: flag ?? flagName(name),
      kind,
      required: !leftOut.success,
      ...(leftOut.success && leftOut.data !== undefined ? { default: leftOut.data } : {}),
      description: description ?? "",
      ...(unit === undefined ? {} : { unit }),
      changeable: changeable ?? false,
      ...(group === undefined ? {} : { group }),
      ...(placeholder === undefined ? {} : { placeholder }),
      ...(examples === undefined ? {} : { examples }),
    });
  }
  return options;
}

/** What `.describe()` and `.meta()` may say of an option. */
type OptionMetadata = Partial<
  Pick<
    Option,
    "flag" | "description" | "unit" | "changeable" | "group" | "placeholder" | "examples"
  >
>;

/**
 * Returns the flag of an option name: words with dashes.
 *
 * @param name A camelCase name.
 * @returns For example `top-k` for `topK`.
 *
 * @example Usage
 * ```ts
 * import { flagName } from "@unroll/core/plugin/host";
 * import { strictEqual } from "node:assert/strict";
 *
 * strictEqual(flagName("topK"), "top-k");
 * ```
 */
export function flagName(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** How options are named in error sentences. */
export interface OptionNaming {
  /** Returns the name of an option as its reader knows it; by default as in code. */
  readonly displayName?: (option: string) => string;
  /** What has the options, such as `the rnn model`; left out of sentences when not given. */
  readonly owner?: string;
}

/**
 * Checks values against a schema and fills in the defaults.
 *
 * @param schema The options there are.
 * @param values The values that were given; `undefined` counts as not given.
 * @param naming How to name the options in error sentences.
 * @returns All options.
 * @throws {RangeError} When a value is not allowed, a required one is missing, or an option is unknown. One sentence,
 *   about the first problem.
 *
 * @example Usage
 * ```ts
 * import { parseOptions } from "@unroll/core/plugin/host";
 * import { throws } from "node:assert/strict";
 * import * as z from "zod";
 *
 * const schema = z.object({ hidden: z.int().min(1).max(4096).default(16) });
 *
 * throws(() => parseOptions(schema, { hidden: 0 }), {
 *   message: "Cannot use hidden 0: a whole number from 1 to 4096 is needed",
 * });
 * ```
 */
export function parseOptions<Options>(
  schema: OptionsSchema<Options>,
  values: Readonly<Record<string, unknown>>,
  naming: OptionNaming = {},
): Options {
  const displayName = naming.displayName ?? ((name) => name);
  const known = Object.keys(schema.shape);
  const given: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(values)) {
    if (!known.includes(name)) {
      const message = unknownName("option", displayName(name), known.map(displayName));
      throw new RangeError(
        naming.owner === undefined ? message : message.replace(/:/, ` of ${naming.owner}:`),
      );
    }
    if (value !== undefined) given[name] = value;
  }
  const result = schema.safeParse(given);
  if (result.success) return result.data;
  const error = result.error as z.core.$ZodError;
  throw new RangeError(
    issueSentence(schema, given, error.issues[0], displayName),
    {
      cause: error,
    },
  );
}

function issueSentence(
  schema: OptionsSchema<unknown>,
  given: Readonly<Record<string, unknown>>,
  issue: z.core.$ZodIssue,
  displayName: (option: string) => string,
): string {
  const name = issue.path[0];
  if (typeof name !== "string") {
    // A rule about several options together; its author wrote the sentence's end.
    return `Cannot use these options together: ${issue.message}`;
  }
  const option = describeOptions(schema).find((option) => option.name === name);
  const subject = Object.hasOwn(given, name)
    ? `use ${displayName(name)} ${formatOptionValue(given[name])}`
    : `do without ${displayName(name)}`;
  // What a kind does not tell, such as a pattern, zod or the author of the schema says.
  const isTold = !["custom", "invalid_format", "not_multiple_of"].includes(issue.code);
  const wanted = !isTold || option === undefined
    ? issue.message
    : `${formatKind(bounded(option.kind, given[name]))} is needed`;
  return `Cannot ${subject}: ${wanted}`;
}

/** Says the greatest whole number that there is, too, of one that is greater. */
function bounded(kind: OptionKind, value: unknown): OptionKind {
  return kind.type === "integer" && Number(value) > Number.MAX_SAFE_INTEGER
    ? { maximum: Number.MAX_SAFE_INTEGER, ...kind }
    : kind;
}

/**
 * Formats a value the way it is typed after a flag, cut when it is long.
 *
 * @param value A value of an option.
 * @returns Its text.
 *
 * @example Usage
 * ```ts
 * import { formatOptionValue } from "@unroll/core/plugin/host";
 * import { deepStrictEqual } from "node:assert/strict";
 *
 * deepStrictEqual([[32, 16], null, ""].map(formatOptionValue), ["32,16", "none", '""']);
 * ```
 */
export function formatOptionValue(value: unknown): string {
  const text = typedText(value);
  if (text === "") return '""';
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
}

function typedText(value: unknown): string {
  if (Array.isArray(value)) return value.map(typedText).join(",");
  if (value === null) return "none";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/**
 * Converts options to JSON, for a checkpoint.
 *
 * @param schema The options there are.
 * @param options All of them, as parsed.
 * @returns JSON text, keys in the order of the schema.
 * @throws {TypeError} When the options do not come back from that text as they are.
 *
 * @example Usage
 * ```ts
 * import { optionsToJson } from "@unroll/core/plugin/host";
 * import { strictEqual } from "node:assert/strict";
 * import * as z from "zod";
 *
 * const schema = z.object({ hidden: z.int().default(16), bias: z.boolean().default(true) });
 * strictEqual(optionsToJson(schema, { bias: false, hidden: 8 }), '{"hidden":8,"bias":false}');
 * ```
 */
export function optionsToJson<Options>(
  schema: OptionsSchema<Options>,
  options: Options,
): string {
  const values = options as Readonly<Record<string, unknown>>;
  const ordered = Object.fromEntries(
    Object.keys(schema.shape).filter((name) => values[name] !== undefined).map((
      name,
    ) => [name, values[name]]),
  );
  const text = JSON.stringify(ordered);
  const again = JSON.stringify(optionsFromJson(schema, text));
  if (again !== text) {
    throw new TypeError(
      `Cannot store the options as JSON: ${text} comes back as ${again}`,
    );
  }
  return text;
}

/**
 * Reads options out of the JSON of a checkpoint.
 *
 * @param schema The options there are.
 * @param text What {@linkcode optionsToJson} gave, perhaps in an older version: options that it lacks get their
 *   defaults.
 * @returns All options.
 * @throws {RangeError} When the text is not JSON, or as {@linkcode parseOptions}.
 *
 * @example Usage
 * ```ts
 * import { optionsFromJson } from "@unroll/core/plugin/host";
 * import { deepStrictEqual } from "node:assert/strict";
 * import * as z from "zod";
 *
 * const schema = z.object({ hidden: z.int().default(16), bias: z.boolean().default(true) });
 * deepStrictEqual(optionsFromJson(schema, '{"hidden":8}'), { hidden: 8, bias: true });
 * ```
 */
export function optionsFromJson<Options>(
  schema: OptionsSchema<Options>,
  text: string,
): Options {
  let values: unknown;
  try {
    values = JSON.parse(text);
  } catch (error) {
    throw new RangeError(
      `Cannot read options: JSON is needed, found ${formatOptionValue(text)}`,
      {
        cause: error,
      },
    );
  }
  if (typeof values !== "object" || values === null || Array.isArray(values)) {
    throw new RangeError(
      `Cannot read options: a JSON object is needed, found ${formatOptionValue(text)}`,
    );
  }
  return parseOptions(schema, values as Readonly<Record<string, unknown>>);
}

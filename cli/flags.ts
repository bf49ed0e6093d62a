/**
 * The flags of a command out of several schemas: one flat set, and back from what was typed to each schema's values.
 *
 * An option keeps its short name, such as `--hidden`, as long as it is the only one. A name that the command itself has
 * stays the command's; a name that two plugins share gets the owner's kind in front, for both: `--model-window` and
 * `--task-window`. Nobody has to know what other plugins call things, so every pair can be composed.
 *
 * @module
 */

import type { OptionsSchema, Plugin } from "@unroll/core/plugin";
import {
  describeOptions,
  nearestName,
  type Option,
  optionFlags,
  optionHelp,
  parseOptionTexts,
} from "@unroll/core/plugin/host";
import type { JsonRecord } from "@unroll/core/runs";
import { UsageError } from "./errors.ts";

/** A schema whose options become flags. */
export interface FlagSource {
  /** What its options are prefixed with when their names are taken; none for the command's own. */
  readonly prefix?: "model" | "task";
  /** What has the options, such as `the rnn model`. */
  readonly owner: string;
  // Of any options: they are given back as a plain record.
  readonly schema: OptionsSchema<unknown>;
}

/** Flags that every command has. */
const RESERVED: readonly string[] = ["help", "version"];

/**
 * Makes a source of flags of the options of a model or task.
 *
 * @param plugin The model or task.
 * @returns The source.
 */
export function flagSource<Options>(
  plugin: Plugin & { readonly options: OptionsSchema<Options> },
): FlagSource & { readonly schema: OptionsSchema<Options> } {
  const { kind, name, options } = plugin;
  return { prefix: kind, owner: `the ${name} ${kind}`, schema: options };
}

/** A flag of the command. */
export interface Flag {
  readonly source: FlagSource;
  readonly option: Option;
  /** Its name, without dashes. */
  readonly flag: string;
}

/** What was typed for each flag, by the flag's name in camelCase. */
export type TypedFlags = Readonly<Record<string, string | boolean | undefined>>;

/**
 * Gives every option of every source a flag of its own.
 *
 * @param sources The command's own options first.
 * @returns The flags, in the order of the sources.
 * @throws {TypeError} When a schema cannot be made into flags.
 */
export function composeFlags(
  sources: readonly FlagSource[],
): readonly Flag[] {
  const described = sources.map((source) => ({
    source,
    options: describeOptions(source.schema),
  }));
  const taken = new Set(RESERVED);
  const plugins = new Map<string, number>();
  for (const { source, options } of described) {
    for (const { flag } of options) {
      if (source.prefix === undefined) taken.add(flag);
      else plugins.set(flag, (plugins.get(flag) ?? 0) + 1);
    }
  }
  const flags = described.flatMap(({ source, options }) =>
    options.map((option) => {
      const clash = source.prefix !== undefined &&
        (taken.has(option.flag) || plugins.get(option.flag)! > 1);
      return {
        source,
        option,
        flag: clash ? `${source.prefix}-${option.flag}` : option.flag,
      };
    })
  );
  const names = [...RESERVED, ...flags.map(({ flag }) => flag)];
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) {
    throw new TypeError(
      `Cannot make a flag of two options: both would be --${twice}`,
    );
  }
  return flags;
}

/** A line of `--help`: flags as a command defines them, and their text. */
export interface FlagDefinition {
  readonly flags: string;
  readonly help: string;
  /** Whether it only says the default and is left out of help. */
  readonly hidden: boolean;
}

/**
 * Spells a flag as a command defines it.
 *
 * @param flag The flag.
 * @returns One definition, or two for a boolean.
 */
export function defineFlag({ option, flag }: Flag): readonly FlagDefinition[] {
  const help = optionHelp(option, flag);
  return optionFlags(option, flag).map((flags, index) => ({
    flags,
    help,
    hidden: index > 0,
  }));
}

/**
 * Reads one source's options from what was typed.
 *
 * @param source The source.
 * @param flags All flags of the command.
 * @param typed What was typed.
 * @returns The options, checked, with their defaults.
 * @throws {RangeError} When a value is not allowed; the sentence names the flag as it was typed.
 */
export function readFlags<Options>(
  source: FlagSource & { readonly schema: OptionsSchema<Options> },
  flags: readonly Flag[],
  typed: TypedFlags,
): Options {
  const own = flags.filter((flag) => flag.source === source);
  const texts = Object.fromEntries(
    own.map(({ option, flag }) => [option.name, typed[camelCase(flag)]]),
  );
  const names = new Map(
    own.map(({ option, flag }) => [option.name, `--${flag}`]),
  );
  return parseOptionTexts(source.schema, texts, {
    owner: source.owner,
    displayName: (name) => names.get(name) ?? name,
  });
}

/**
 * Names the options of one source that were typed.
 *
 * @param source The source.
 * @param flags All flags of the command.
 * @param typed What was typed.
 * @returns Names as in the schema.
 */
export function typedNames(
  source: FlagSource,
  flags: readonly Flag[],
  typed: TypedFlags,
): ReadonlySet<string> {
  const own = flags.filter((flag) => flag.source === source);
  return new Set(
    own.filter(({ flag }) => typed[camelCase(flag)] !== undefined).map(({ option }) => option.name),
  );
}

/** Whether help was asked for, before the flags are known. */
export function asksHelp(args: readonly string[]): boolean {
  return args.includes("--help") || args.includes("-h");
}

/**
 * Finds what was typed after a flag, before the flags are known.
 *
 * @param args The words of the command line.
 * @param flag The flag, with dashes.
 * @returns The value; of several the last.
 */
export function findFlagValue(args: readonly string[], flag: string): string | undefined {
  let value: string | undefined;
  for (const [index, arg] of args.entries()) {
    if (arg === "--") break;
    if (arg === flag) value = args[index + 1];
    if (arg.startsWith(`${flag}=`)) value = arg.slice(flag.length + 1);
  }
  return value;
}

/**
 * Gives the flags of one source other defaults, for help.
 *
 * @param flags All flags of a command.
 * @param source The source.
 * @param values What holds where nothing is typed, by the names of options; others stay as they are.
 * @returns All flags.
 */
export function withDefaults(
  flags: readonly Flag[],
  source: FlagSource,
  values: JsonRecord,
): readonly Flag[] {
  return flags.map((flag) => {
    const value = flag.source === source ? values[flag.option.name] : undefined;
    return value === undefined ? flag : { ...flag, option: { ...flag.option, default: value } };
  });
}

/** Turns `top-k` into `topK`, as commands name what was typed. */
export function camelCase(flag: string): string {
  return flag.replace(
    /-([a-z0-9])/g,
    (_, letter: string) => letter.toUpperCase(),
  );
}

/**
 * Makes the error of a flag that the command does not have.
 *
 * @param typed The flag as typed, with dashes.
 * @param flags The flags that there are.
 * @param hint What to say when nothing is near, after a colon.
 * @returns The error to throw.
 */
export function unknownFlag(
  typed: string,
  flags: readonly Flag[],
  hint: string,
): UsageError {
  const bare = typed.replace(/^-+/, "").replace(/=.*$/, "");
  const shared = flags.filter(({ flag, option }) => option.flag === bare && flag !== bare);
  if (shared.length > 0) {
    const owners = shared.map(({ source }) => source.owner).join(" and ");
    const names = shared.map(({ flag }) => `--${flag}`).join(" or ");
    return new UsageError(
      `Cannot find option "--${bare}": ${owners} have one each, say ${names}`,
    );
  }
  const known = [
    ...flags.flatMap(({ flag, option }) =>
      option.kind.type === "boolean" ? [flag, `no-${flag}`] : [flag]
    ),
    ...RESERVED,
  ];
  const nearest = nearestName(bare, known);
  return new UsageError(
    `Cannot find option "${typed}": ${
      nearest === undefined
        ? hint
        : `did you mean "--${nearest}"? ${hint[0].toUpperCase()}${hint.slice(1)}`
    }`,
  );
}

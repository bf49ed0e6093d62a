/**
 * Makes Cliffy's command tree out of the table of commands, and turns Cliffy's mistakes into sentences.
 *
 * @module
 */

import { Command, type ValidationError } from "@cliffy/command";
import { unknownName } from "@unroll/core/plugin";
import type { CommandEntry } from "./command.ts";
import type { CommandContext } from "./context.ts";
import { UsageError, withUsageErrors } from "./errors.ts";
import {
  composeFlags,
  defineFlag,
  findFlagValue,
  type Flag,
  type FlagSource,
  readFlags,
  type TypedFlags,
  typedNames,
  unknownFlag,
} from "./flags.ts";
import { commandLine } from "./program.ts";

/** A command of Cliffy, and what is known of its flags. */
export interface BuiltCommand {
  /** The command. */
  readonly command: Command;
  /** The flags of the command that runs: of this one, or of one below it. */
  readonly flags: readonly Flag[];
  /** The end of the sentence about an unknown flag there. */
  readonly hint: string;
  /** How many words name it. */
  readonly depth: number;
  /** How many words it takes beside options. */
  readonly takes: number;
}

/**
 * Builds the tree out of the table.
 *
 * @param entries The commands, in the order of help.
 * @param args What was typed after the program's name.
 * @param context What there is.
 * @returns The root, and the flags of the command that runs.
 * @throws {UsageError} When a name finds nothing.
 */
export async function buildTree(
  entries: readonly CommandEntry[],
  args: readonly string[],
  context: CommandContext,
): Promise<BuiltCommand> {
  const root = new Command();
  root.name("unroll");
  root.version(context.version);
  // By itself Cliffy colours both, also in a pipe.
  root.versionOption(
    "-V, --version",
    "Show the version number for this program.",
    () => console.log(`unroll ${context.version}`),
  );
  root.help({ colors: context.terminal.outputColor });
  root.description(
    "Train recurrent networks on sequences: name a model and a task.",
  );
  root.noExit();
  root.action(() => root.showHelp());
  const running = await addCommands(root, entries, args, context);
  return { flags: [], hint: "see --help", depth: 0, takes: 0, ...running, command: root };
}

/** Adds commands below one; returns the one that runs. */
async function addCommands(
  parent: Command,
  entries: readonly CommandEntry[],
  args: readonly string[],
  context: CommandContext,
  path: readonly string[] = [],
  kind: string = "command",
): Promise<BuiltCommand | undefined> {
  if (entries.length === 0) return undefined;
  const [word] = args;
  const names = entries.map(({ name }) => name);
  if (word !== undefined && !word.startsWith("-") && !names.includes(word)) {
    throw new UsageError(unknownName(kind, word, names));
  }
  let running: BuiltCommand | undefined;
  for (const entry of entries) {
    if (entry.name !== word) {
      // Of the others a list is shown at most: their files and flags would take longer than all else at the start.
      parent.command(entry.name, nameCommand(entry));
      continue;
    }
    running = await buildCommand(entry, args.slice(1), context, path);
    parent.command(entry.name, running.command);
  }
  return running;
}

/** Makes a command that is only listed. */
function nameCommand(
  { description, argument }: Pick<CommandEntry, "description" | "argument">,
): Command {
  const command = new Command();
  command.description(description);
  if (argument !== undefined) command.arguments(argument);
  return command;
}

async function buildCommand(
  entry: CommandEntry,
  args: readonly string[],
  context: CommandContext,
  above: readonly string[],
): Promise<BuiltCommand> {
  const { name } = entry;
  const definition = await entry.load();
  const { examples, select } = definition;
  const path = [...above, name];
  const schema = typeof definition.schema === "function"
    ? definition.schema(context)
    : definition.schema;
  const own: FlagSource = { owner: name, schema };
  const selected = await select?.(args, context, own);
  const flags = selected?.flags ?? composeFlags([own]);
  const hint = selected?.hint ?? `see ${path.join(" ")} --help`;

  const command = nameCommand({
    ...entry,
    description: selected?.description ?? entry.description,
  });
  addFlags(command, own, flags);
  for (const [title, line] of examples) {
    command.example(title, line.replace(/\bunroll (?=\w)/, commandLine("")));
  }
  command.action(async (options: unknown, ...words: unknown[]) => {
    const typed = options as TypedFlags;
    const positional = words.filter((word) => word !== undefined).map(String);
    // What Cliffy does not know stands where a word may stand.
    const unknown = positional.find((word) => word.startsWith("-"));
    if (unknown !== undefined) throw unknownFlag(unknown, flags, hint);
    // Cliffy leaves these out, as if they had not been typed.
    const empty = flags.find(({ flag }) => findFlagValue(args, `--${flag}`) === "");
    if (empty !== undefined) {
      throw new UsageError(`Cannot use --${empty.flag} "": something is needed, found nothing`);
    }
    const input = await withUsageErrors(() => ({
      options: readFlags(own, flags, typed),
      typed: typedNames(own, flags, typed),
      selection: selected?.read(typed),
      positional,
    }));
    await definition.run(context, input);
  });
  const children = definition.commands?.(context) ?? [];
  const running = await addCommands(
    command,
    children,
    args,
    context,
    path,
    definition.childKind ?? name,
  );
  const takes = entry.argument === undefined ? 0 : 1;
  return { flags, hint, depth: path.length, takes, ...running, command };
}

/** Adds flags under their headings: the command's first, then those of plugins, then the rest. */
function addFlags(command: Command, own: FlagSource, flags: readonly Flag[]): void {
  const headingOf = ({ source, option }: Flag) =>
    source === own ? option.group : option.group ?? `Options of ${source.owner}`;
  const first = flags.find(({ source }) => source === own)?.option.group;
  const rank = (flag: Flag) => flag.source !== own ? 1 : flag.option.group === first ? 0 : 2;
  const headings = new Map<string | undefined, Flag[]>();
  for (const flag of flags.toSorted((a, b) => rank(a) - rank(b))) {
    const heading = headingOf(flag);
    headings.set(heading, [...headings.get(heading) ?? [], flag]);
  }
  for (const [heading, flags] of headings) {
    if (heading !== undefined) command.group(heading);
    for (const flag of flags) addFlag(command, flag);
  }
  // Cliffy adds --help to the group that is open.
  if (headings.size > 1) command.group("Help");
}

/** Adds a flag; its value stays text here, the schema reads and checks it. */
function addFlag(command: Command, flag: Flag): void {
  for (const { flags, help, hidden } of defineFlag(flag)) {
    command.option(flags, help, hidden ? { hidden } : {});
  }
}

/**
 * Says a mistake that Cliffy found in a sentence of ours.
 *
 * Cliffy exports the base class of its mistakes alone. The others are told by the names of their classes, and the
 * option, which is no field of theirs, is the quoted word in the message.
 *
 * @param error What Cliffy threw.
 * @param built The command that was to run.
 * @param args What was typed.
 * @returns The error to throw.
 */
export function usageErrorOf(
  error: ValidationError,
  built: BuiltCommand,
  args: readonly string[],
): UsageError {
  const option = /"(--?[^"]*)"/.exec(error.message)?.[1];
  const mistake = (error.cause instanceof Error ? error.cause : error).constructor.name;
  switch (mistake) {
    case "UnknownOptionError":
      return unknownFlag(option ?? "", built.flags, built.hint);
    case "MissingOptionValueError":
      return new UsageError(`Cannot use ${option}: a value is missing after it`);
    case "DuplicateOptionError":
      return new UsageError(`Cannot use ${option} twice: once, or its opposite, is enough`);
    case "NoArgumentsAllowedError":
    case "TooManyArgumentsError": {
      const word = strayWords(args, built)[built.takes] ?? args.at(-1);
      return new UsageError(`Cannot use "${word}": it belongs to no option, ${built.hint}`);
    }
  }
  const [message] = error.message.split("\n");
  const rest = `${message[0].toLowerCase()}${message.slice(1).replace(/\.$/, "")}`;
  return new UsageError(`Cannot run that: ${rest}`, { cause: error });
}

/** Finds the words that name no command and are no option's value. */
function strayWords(args: readonly string[], { flags, depth }: BuiltCommand): string[] {
  const takesValue = new Set(
    flags.flatMap(defineFlag).filter(({ flags }) => /[<[]/.test(flags))
      .map(({ flags }) => flags.split(/[ ,]/)[0]),
  );
  return args.filter((word, i) =>
    i >= depth && !word.startsWith("-") && !takesValue.has(args[i - 1])
  );
}

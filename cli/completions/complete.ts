/**
 * What may be typed next on a command line.
 *
 * @module
 */

import type { CommandDefinition, CommandEntry } from "../command.ts";
import type { CommandContext } from "../context.ts";
import { composeFlags, defineFlag, findFlagValue, type Flag, type FlagSource } from "../flags.ts";

/** A word that may be typed next. */
export interface Completion {
  /** The word. */
  readonly word: string;
  /** What it means, in a line. */
  readonly about: string;
}

/** Options whose value is a run. */
const RUN_FLAGS: ReadonlySet<string> = new Set(["resume", "from"]);

/**
 * Completes a command line.
 *
 * @param entries The commands.
 * @param words The words after the program's name, up to the one that is being typed, which may be empty.
 * @param context What there is.
 * @returns The words that begin so; none where a file is wanted, or nothing is known.
 */
export async function complete(
  entries: readonly CommandEntry[],
  words: readonly string[],
  context: CommandContext,
): Promise<readonly Completion[]> {
  const { typed, current } = splitEquals(words);
  const found = await candidates(entries, typed, current, context);
  return found.filter(({ word }) => word.startsWith(current));
}

/** Bash gives `--sort=na` in three words. */
function splitEquals(words: readonly string[]): { typed: readonly string[]; current: string } {
  const current = words.at(-1) ?? "";
  const typed = words.slice(0, -1);
  if (current === "=") return { typed, current: "" };
  if (typed.at(-1) === "=") return { typed: typed.slice(0, -1), current };
  const joined = /^(--[\w-]+)=(.*)$/.exec(current);
  return joined === null
    ? { typed, current }
    : { typed: [...typed, joined[1]], current: joined[2] };
}

async function candidates(
  entries: readonly CommandEntry[],
  typed: readonly string[],
  current: string,
  context: CommandContext,
): Promise<readonly Completion[]> {
  const [name, ...args] = typed;
  const entry = entries.find((one) => one.name === name);
  if (entry === undefined) {
    if (name !== undefined) return [];
    const commands = entries.map(({ name, description }) => ({
      word: name,
      about: description,
    }));
    return [...commands, { word: "--help", about: "Show help" }, {
      word: "--version",
      about: "Show the version number",
    }].map(oneLine);
  }
  const definition = await entry.load();
  const children = definition.commands?.(context) ?? [];
  if (children.some((one) => one.name === args[0])) {
    return await candidates(children, args, current, context);
  }
  const flags = await flagsOf(entry.name, definition, args, context);
  const last = args.at(-1);
  const wanting = flags.find(({ flag, option }) =>
    last === `--${flag}` && option.kind.type !== "boolean"
  );
  if (wanting !== undefined) return await valuesOf(wanting, typed);
  if (!current.startsWith("-")) {
    const own = children.map(({ name, description }) => ({ word: name, about: description }));
    const runs = entry.argument?.includes("run") ? await runNames(typed) : [];
    if (own.length + runs.length > 0 || current !== "") return [...own.map(oneLine), ...runs];
  }
  const words = flags.flatMap((flag) =>
    defineFlag(flag).map(({ flags, help }) => ({ word: flags.split(" ")[0], about: help }))
  );
  return [...words, { word: "--help", about: "Show help" }].map(oneLine);
}

async function flagsOf(
  name: string,
  { schema, select }: CommandDefinition,
  args: readonly string[],
  context: CommandContext,
): Promise<readonly Flag[]> {
  const own: FlagSource = {
    owner: name,
    schema: typeof schema === "function" ? schema(context) : schema,
  };
  // No module is run because somebody asks for completions.
  const names = ["--model", "--task", "--trust"].map((flag) => findFlagValue(args, flag));
  if (names.some((name) => /[./:\\]/.test(name ?? ""))) return composeFlags([own]);
  try {
    return (await select?.(args, context, own))?.flags ?? composeFlags([own]);
  } catch {
    // A model that is not there, or not typed to its end, brings no options.
    return composeFlags([own]);
  }
}

async function valuesOf(
  { flag, option: { kind, examples } }: Flag,
  typed: readonly string[],
): Promise<readonly Completion[]> {
  if (RUN_FLAGS.has(flag)) return await runNames(typed);
  const values = kind.type === "choice" ? kind.values : examples ?? [];
  return values.map((value) => ({ word: String(value), about: "" }));
}

/** The newest run, and the names of all. */
async function runNames(typed: readonly string[]): Promise<readonly Completion[]> {
  const names: string[] = [];
  try {
    for await (const entry of Deno.readDir(findFlagValue(typed, "--runs") ?? "runs")) {
      if (entry.isDirectory && !entry.name.startsWith(".")) names.push(entry.name);
    }
  } catch {
    // There is no such folder, or it may not be read.
  }
  const runs = names.sort().map((word) => ({ word, about: "" }));
  return runs.length === 0 ? [] : [...runs, { word: "last", about: "The newest run" }];
}

function oneLine({ word, about }: Completion): Completion {
  return { word, about: about.split("\n")[0].replaceAll("\t", " ") };
}

/** Writes completions as the scripts read them. */
export function formatCompletions(completions: readonly Completion[]): string {
  return completions.map(({ word, about }) => `${word}\t${about}\n`).join("");
}

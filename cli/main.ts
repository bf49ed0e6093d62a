/**
 * The command tree.
 *
 * @module
 */

import { Command, ValidationError } from "@cliffy/command";
import { unknownName } from "@unroll/core";
import { exitCodeOf, UsageError } from "./errors.ts";
import { unknownFlag } from "./flags.ts";
import { defineList } from "./list_command.ts";
import { localWorld } from "./local_world.ts";
import { defineRecipes } from "./recipe_command.ts";
import { defineSummary } from "./summary_command.ts";
import { type DefinedCommand, defineTrain, TRAIN_FLAGS } from "./train_command.ts";
import type { World } from "./world.ts";

/**
 * Runs a command.
 *
 * @param args The arguments after the program's name.
 * @param world What there is.
 * @returns The exit code: 0, 2 for a mistake in typing, 1 for another failure. One sentence on standard error says why.
 */
export async function main(args: readonly string[], world: World): Promise<number> {
  const { writeError, debug } = world.terminal;
  return await exitCodeOf(async () => {
    const { root, chosen } = await defineCommands(args, world);
    try {
      await root.parse(helpAlone(args));
    } catch (error) {
      throw error instanceof ValidationError ? mistake(error, chosen) : error;
    }
  }, { writeError, debug });
}

/**
 * Help takes no other option: what `--model` and `--task` name is in the tree by then, so only the command's own name is
 * left of the arguments when help is among them.
 */
function helpAlone(args: readonly string[]): string[] {
  const end = args.indexOf("--");
  const before = end < 0 ? args : args.slice(0, end);
  if (!before.includes("--help") && !before.includes("-h")) return [...args];
  const first = args.findIndex((arg) => arg.startsWith("-"));
  return [...args.slice(0, first), "--help"];
}

/** The tree, with the options that the arguments' own plugins bring. */
async function defineCommands(
  args: readonly string[],
  world: World,
): Promise<{ readonly root: Command; readonly chosen?: DefinedCommand }> {
  const root = new Command();
  root.name("unroll");
  root.version(world.version);
  root.description(
    "Learn sequences with recurrent networks: a model and a task, composed by name.",
  );
  root.noExit();
  root.action(() => root.showHelp());
  const commands = ["train", "recipe", "summary", "list"];
  if (args.length > 0 && !args[0].startsWith("-") && !commands.includes(args[0])) {
    throw new UsageError(unknownName("command", args[0], commands));
  }
  const rest = args.slice(1);
  const train = await defineTrain(args[0] === "train" ? rest : [], world);
  const recipe = defineRecipes(args[0] === "recipe" ? rest : [], world);
  root.command("train", train.command);
  root.command("recipe", recipe.command);
  const summary = await defineSummary(args[0] === "summary" ? rest : [], world);
  root.command("summary", summary.command);
  root.command("list", defineList(world));
  const chosen: Readonly<Record<string, DefinedCommand>> = { train, recipe, summary };
  return { root, chosen: chosen[args[0]] };
}

/** The parser's complaint as a sentence of ours. */
function mistake(error: Error, chosen: DefinedCommand | undefined): UsageError {
  const message = error.message.split("\n")[0];
  const unknown = /^Unknown option "([^"]*)"/.exec(message);
  if (unknown !== null) {
    return chosen === undefined
      ? new UsageError(`Cannot find option "${unknown[1]}": see --help`)
      : unknownFlag(unknown[1], chosen.flags, TRAIN_FLAGS, chosen.hint);
  }
  const option = /"(--?[^"]*)"/.exec(message)?.[1];
  if (option !== undefined && message.startsWith("Missing value")) {
    return new UsageError(`Cannot use ${option}: a value is missing after it`);
  }
  if (option !== undefined && message.includes("only occur once")) {
    return new UsageError(`Cannot use ${option} twice: once, or its opposite, is enough`);
  }
  if (/^(No arguments|Too many arguments)/.test(message)) {
    return new UsageError("Cannot use words that belong to no option: see --help");
  }
  const rest = `${message[0].toLowerCase()}${message.slice(1).replace(/\.$/, "")}`;
  return new UsageError(`Cannot run that: ${rest}`, { cause: error });
}

if (import.meta.main) Deno.exit(await main(Deno.args, localWorld()));

/**
 * The command tree.
 *
 * @module
 */

import { Command, ValidationError } from "@cliffy/command";
import { CompletionsCommand } from "@cliffy/command/completions";
import { unknownName } from "@unroll/core/plugin";
import { exitCodeOf, UsageError } from "./errors.ts";
import { defineDoctor } from "./commands/doctor.ts";
import { defineEval } from "./commands/eval.ts";
import { unknownFlag } from "./flags.ts";
import { defineInspect } from "./commands/inspect.ts";
import { defineList } from "./commands/list.ts";
import { createContext } from "./create_context.ts";
import { definePredict, defineSample } from "./commands/predict.ts";
import { defineRecipes } from "./commands/recipe.ts";
import { defineReport } from "./commands/report.ts";
import { defineRuns } from "./commands/runs.ts";
import { defineSweep } from "./commands/sweep.ts";
import { defineSummary } from "./commands/summary.ts";
import { type DefinedCommand, defineTrain, TRAIN_FLAGS } from "./commands/train.ts";
import type { CliContext } from "./context.ts";

/**
 * Runs a command.
 *
 * @param args The arguments after the program's name.
 * @param context What there is.
 * @returns The exit code: 0, 2 for a mistake in typing, 1 for another failure. One sentence on standard error says why.
 */
export async function main(args: readonly string[], context: CliContext): Promise<number> {
  const { writeError, debug } = context.terminal;
  return await exitCodeOf(async () => {
    const { root, chosen } = await defineCommands(args, context);
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

/** Commands in the order of help. */
const COMMANDS: readonly string[] = [
  "train",
  "recipe",
  "summary",
  "list",
  "runs",
  "eval",
  "predict",
  "sample",
  "inspect",
  "report",
  "sweep",
  "doctor",
  "completions",
];

/** The tree, with the options that the arguments' own plugins bring. */
async function defineCommands(
  args: readonly string[],
  context: CliContext,
): Promise<{ readonly root: Command; readonly chosen?: DefinedCommand }> {
  const root = new Command();
  root.name("unroll");
  root.version(context.version);
  root.description(
    "Learn sequences with recurrent networks: a model and a task, composed by name.",
  );
  root.noExit();
  root.action(() => root.showHelp());
  if (args.length > 0 && !args[0].startsWith("-") && !COMMANDS.includes(args[0])) {
    throw new UsageError(unknownName("command", args[0], COMMANDS));
  }
  // Only the command that runs is defined by its arguments.
  const rest = (name: string) => args[0] === name ? args.slice(1) : [];
  const train = await defineTrain(rest("train"), context);
  const recipe = defineRecipes(rest("recipe"), context);
  const summary = await defineSummary(rest("summary"), context);
  const sweep = await defineSweep(rest("sweep"), context);
  root.command("train", train.command);
  root.command("recipe", recipe.command);
  root.command("summary", summary.command);
  root.command("list", defineList(context));
  root.command("runs", defineRuns(context));
  root.command("eval", await defineEval(rest("eval"), context));
  root.command("predict", definePredict(context));
  root.command("sample", defineSample(context));
  root.command("inspect", defineInspect(context));
  root.command("report", defineReport(context));
  root.command("sweep", sweep.command);
  root.command("doctor", defineDoctor(context));
  root.command("completions", new CompletionsCommand());
  const chosen: Readonly<Record<string, DefinedCommand>> = { train, recipe, summary, sweep };
  return { root, chosen: args.length > 0 ? chosen[args[0]] : undefined };
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

if (import.meta.main) Deno.exit(await main(Deno.args, createContext()));

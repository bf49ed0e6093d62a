/**
 * `train`: composes a model and a task by name, with the options of both.
 *
 * Parsing takes two stages, because the options depend on what is composed: first `--model` and `--task` are looked for
 * and resolved, then the command is defined with the options of their schemas.
 *
 * @module
 */

import { Command } from "@cliffy/command";
import {
  formatOptionValue,
  type JsonRecord,
  type OptionsSchema,
  type Plugin,
  resolvePlugin,
} from "@unroll/core";
import { asUsage, UsageError } from "./errors.ts";
import {
  composeFlags,
  defineFlag,
  type Flag,
  type FlagSource,
  readFlags,
  type TypedFlags,
} from "./flags.ts";
import { createReporter } from "./reporter.ts";
import { TRAIN_OPTIONS, type TrainOptions } from "./train_options.ts";
import type { Chosen, TrainRequest, World } from "./world.ts";

/** Flags of the command that are in no schema. */
export const TRAIN_FLAGS: readonly string[] = [
  "model",
  "task",
  "out",
  "json",
  "quiet",
  "help",
  "version",
];

/** A command and the flags it has, for the sentence about one it has not. */
export interface DefinedCommand {
  readonly command: Command;
  readonly flags: readonly Flag[];
  /** The rest of the sentence about an unknown flag. */
  readonly hint: string;
}

/**
 * Defines `train` for the model and task that the arguments name.
 *
 * @param args The arguments after `train`.
 * @param world What there is.
 * @returns The command.
 * @throws {UsageError} When a name finds nothing.
 */
export async function defineTrain(args: readonly string[], world: World): Promise<DefinedCommand> {
  const model = await findPlugin("model", args, world);
  const task = await findPlugin("task", args, world);
  const general: FlagSource & { readonly schema: OptionsSchema<TrainOptions> } = {
    owner: "train",
    schema: TRAIN_OPTIONS,
  };
  const modelSource = model && sourceOf(model.plugin);
  const taskSource = task && sourceOf(task.plugin);
  const sources = [general, modelSource, taskSource].filter((source) => source !== undefined);
  const flags = await asUsage(() => composeFlags(sources, TRAIN_FLAGS));

  const command = new Command();
  command.description(describe(model?.plugin, task?.plugin, world));
  command.group("What to train");
  command.option("--model <name>", `Model: ${Object.keys(world.models).join(", ")}, or a module`);
  command.option("--task <name>", `Task: ${Object.keys(world.tasks).join(", ")}, or a module`);
  for (const source of sources) {
    command.group(source === general ? "How to train" : `Options of ${source.owner}`);
    for (const flag of flags.filter((flag) => flag.source === source)) addFlag(command, flag);
  }
  command.group("What to tell");
  command.option("--out <folder>", "Folder in which the run's own folder is made (default runs)");
  command.option("--json", "Print one JSON object a line");
  command.option("--quiet", "Print the result only");
  command.group("Help");
  command.example(
    "FizzBuzz, by a network that counts by itself:",
    "deno task train --model rnn --task fizzbuzz",
  );
  command.action(async (options: unknown) => {
    const typed = options as TypedFlags;
    if (model === undefined) throw missing("model", world.models);
    if (task === undefined) throw missing("task", world.tasks);
    const request = await asUsage((): TrainRequest => ({
      model: { ...model, options: readFlags(modelSource!, flags, typed) as JsonRecord },
      task: { ...task, options: readFlags(taskSource!, flags, typed) as JsonRecord },
      training: readFlags(general, flags, typed),
      out: typeof typed.out === "string" ? typed.out : "runs",
    }));
    await runTraining(request, world, { json: typed.json === true, quiet: typed.quiet === true });
  });
  return { command, flags, hint: hint(model?.plugin, task?.plugin) };
}

/**
 * Trains what was asked for, after a look at whether the pair makes sense.
 *
 * @param request What to train.
 * @param world What there is.
 * @param told How to tell of it.
 * @throws {UsageError} When the model cannot learn the task.
 */
export async function runTraining(
  request: TrainRequest,
  world: World,
  told: { readonly json: boolean; readonly quiet: boolean },
): Promise<void> {
  const refusal = await world.refusal(request.model, request.task);
  if (refusal !== undefined) throw new UsageError(refusal);
  const reporter = createReporter({
    terminal: world.terminal,
    title: `${request.task.plugin.name} · ${request.model.plugin.name}`,
    steps: request.training.steps,
    ...told,
  });
  try {
    await world.train(request, reporter);
  } finally {
    reporter.close();
  }
}

/** Adds a flag of a schema; its value stays text here, the schema reads and checks it. */
export function addFlag(command: Command, flag: Flag): void {
  for (const { flags, help, hidden } of defineFlag(flag)) {
    command.option(flags, help, hidden ? { hidden } : {});
  }
}

function sourceOf(plugin: Plugin): FlagSource {
  return {
    prefix: plugin.kind,
    owner: `the ${plugin.name} ${plugin.kind}`,
    schema: plugin.options,
  };
}

/** Finds what was typed after a flag: the last one counts. */
export function peek(args: readonly string[], flag: string): string | undefined {
  let value: string | undefined;
  for (const [index, arg] of args.entries()) {
    if (arg === "--") break;
    if (arg === flag) value = args[index + 1];
    if (arg.startsWith(`${flag}=`)) value = arg.slice(flag.length + 1);
  }
  return value;
}

async function findPlugin(
  kind: Plugin["kind"],
  args: readonly string[],
  world: World,
): Promise<Omit<Chosen, "options"> | undefined> {
  const name = peek(args, `--${kind}`);
  if (name === undefined) return undefined;
  const table = kind === "model" ? world.models : world.tasks;
  const plugin = await asUsage(() =>
    resolvePlugin<Plugin>(name, { kind, table, base: world.base })
  );
  return { plugin, name };
}

function missing(kind: string, table: Readonly<Record<string, Plugin>>): UsageError {
  return new UsageError(
    `Cannot train without --${kind}: known ${kind}s are ${Object.keys(table).join(", ")}`,
  );
}

function describe(model: Plugin | undefined, task: Plugin | undefined, world: World): string {
  if (model !== undefined && task !== undefined) {
    return `Train ${model.name} (${lowerFirst(model.summary)}) on ${task.name} (${
      lowerFirst(task.summary)
    }).`;
  }
  const list = (table: Readonly<Record<string, Plugin>>) =>
    Object.values(table).map(({ name, summary }) => `  ${name.padEnd(10)} ${summary}`).join("\n");
  return `Train a model on a task.\n\nModels:\n${list(world.models)}\n\nTasks:\n${
    list(world.tasks)
  }\n\n` +
    "With --model and --task, --help lists their options too.";
}

function lowerFirst(text: string): string {
  // Not an acronym, nor a name with a capital inside.
  return /^[A-Z][a-z ]/.test(text) ? text[0].toLowerCase() + text.slice(1) : text;
}

function hint(model: Plugin | undefined, task: Plugin | undefined): string {
  const chosen = `--model ${formatOptionValue(model?.name ?? "…")} --task ${
    formatOptionValue(task?.name ?? "…")
  }`;
  return `see train ${chosen} --help`;
}

/**
 * `train`: composes a model and a task by name, with the options of both.
 *
 * Parsing takes two stages, because the options depend on what is composed: first `--model` and `--task` are looked for
 * and resolved, then the command is defined with the options of their schemas.
 *
 * @module
 */

import { Command } from "@cliffy/command";
import { type OptionsSchema, type Plugin } from "@unroll/core/plugin";
import { formatOptionValue, resolvePlugin } from "@unroll/core/plugin/host";
import { type JsonRecord } from "@unroll/core/runs";
import { UsageError, withUsageErrors } from "../errors.ts";
import {
  camelCase,
  composeFlags,
  defineFlag,
  type Flag,
  type FlagSource,
  readFlags,
  type TypedFlags,
} from "../flags.ts";
import { findRun } from "./find_run.ts";
import { addNamesOption } from "../names_type.ts";
import { createReporter, type Reporter, together } from "../reporting/reporter.ts";
import { TRAIN_OPTIONS, type TrainOptions } from "./train_options.ts";
import { addTrustOption, pluginsOf } from "../plugins.ts";
import { serveDashboard } from "../reporting/dashboard.ts";
import type { CliContext, PluginSelection, TrainRequest } from "../context.ts";

/** Flags of the command that are in no schema. */
export const TRAIN_FLAGS: readonly string[] = [
  "model",
  "task",
  "resume",
  "trust",
  "watch",
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
 * @param context What there is.
 * @returns The command.
 * @throws {UsageError} When a name finds nothing.
 */
export async function defineTrain(
  args: readonly string[],
  context: CliContext,
): Promise<DefinedCommand> {
  const model = await findPlugin("model", args, context);
  const task = await findPlugin("task", args, context);
  const general: FlagSource & { readonly schema: OptionsSchema<TrainOptions> } = {
    owner: "train",
    schema: TRAIN_OPTIONS,
  };
  const modelSource = model && sourceOf(model.plugin);
  const taskSource = task && sourceOf(task.plugin);
  const sources = [general, modelSource, taskSource].filter((source) => source !== undefined);
  const flags = await withUsageErrors(() => composeFlags(sources, TRAIN_FLAGS));

  const command = new Command();
  command.description(describe(model?.plugin, task?.plugin, context));
  command.group("What to train");
  const models = Object.keys(context.models);
  const tasks = Object.keys(context.tasks);
  addNamesOption(command, "--model <name>", `Model: ${models.join(", ")}, or a module`, models);
  addNamesOption(command, "--task <name>", `Task: ${tasks.join(", ")}, or a module`, tasks);
  for (const source of sources) {
    command.group(source === general ? "How to train" : `Options of ${source.owner}`);
    for (const flag of flags.filter((flag) => flag.source === source)) addFlag(command, flag);
  }
  command.group("What to go on with");
  command.option(
    "--resume <run>",
    "Go on with a run from where it is; --steps, --lr and other settings may be new",
  );
  addTrustOption(command);
  command.group("What to tell");
  command.option("--out <folder>", "Folder in which the run's own folder is made (default runs)");
  command.option("--watch", "Serve a page that follows the run, on this machine only");
  command.option("--json", "Print one JSON object a line");
  command.option("--quiet", "Print the result only");
  command.group("Help");
  command.example(
    "FizzBuzz, by a network that counts by itself:",
    "deno task train --model rnn --task fizzbuzz",
  );
  command.example("Follow it in a browser:", "deno task train --model rnn --task fizzbuzz --watch");
  command.example(
    "Go on with a run that was stopped, or for longer:",
    "deno task train --resume runs/2026-01-31-fizzbuzz-rnn-0 --steps 20000",
  );
  command.action(async (options: unknown) => {
    const typed = options as TypedFlags;
    const told = {
      json: typed.json === true,
      quiet: typed.quiet === true,
      watch: typed.watch === true,
    };
    if (typeof typed.resume === "string") {
      const changes = await withUsageErrors(() => changesOf(typed, general, flags));
      const run = await findRun(typed.resume);
      const plugins = typed.trust === undefined ? {} : {
        plugins: await pluginsOf(context, typed.trust),
      };
      return await reportTraining(
        context,
        { title: run.name, steps: changes.steps, ...told },
        (reporter) => context.resume({ run: run.path, changes, ...plugins }, reporter),
      );
    }
    if (typed.trust !== undefined) {
      throw new UsageError("Cannot use --trust without --resume: --model and --task load a module");
    }
    if (model === undefined) throw missing("model", context.models);
    if (task === undefined) throw missing("task", context.tasks);
    const request = await withUsageErrors((): TrainRequest => ({
      model: { ...model, options: readFlags(modelSource!, flags, typed) as JsonRecord },
      task: { ...task, options: readFlags(taskSource!, flags, typed) as JsonRecord },
      training: readFlags(general, flags, typed),
      out: typeof typed.out === "string" ? typed.out : "runs",
    }));
    await runTraining(request, context, told);
  });
  return { command, flags, hint: hint(model?.plugin, task?.plugin) };
}

/**
 * Trains what was asked for, after a look at whether the pair makes sense.
 *
 * @param request What to train.
 * @param context What there is.
 * @param told How to tell of it.
 * @throws {UsageError} When the model cannot learn the task.
 */
export async function runTraining(
  request: TrainRequest,
  context: CliContext,
  told: ToldHow,
): Promise<void> {
  const refusal = await context.refusal(request.model, request.task);
  if (refusal !== undefined) throw new UsageError(refusal);
  const title = `${request.task.plugin.name} · ${request.model.plugin.name}`;
  await reportTraining(
    context,
    { title, steps: request.training.steps, ...told },
    (reporter) => context.train(request, reporter),
  );
}

/** How training is told of. */
export interface ToldHow {
  readonly json: boolean;
  readonly quiet: boolean;
  /** Whether a page follows it. */
  readonly watch?: boolean;
}

/** Trains with a reporter, which is closed in any case. */
async function reportTraining(
  context: CliContext,
  settings: ToldHow & { readonly title: string; readonly steps?: number },
  act: (reporter: Reporter) => Promise<void>,
): Promise<void> {
  const { terminal } = context;
  const first = createReporter({ terminal, ...settings });
  const page = settings.watch ? await serveDashboard(settings.title) : undefined;
  if (page !== undefined) terminal.writeError(`Watch at ${page.url}\n`);
  const reporter = page === undefined ? first : together([first, page.reporter]);
  try {
    await act(reporter);
  } finally {
    reporter.close();
    await page?.close();
  }
}

/** What may be otherwise when a run goes on. */
const CHANGEABLE: readonly (keyof TrainOptions)[] = [
  "steps",
  "device",
  "lr",
  "phases",
  "schedule",
  "clip",
  "clipNorm",
  "l2",
  "warmup",
  "validateEvery",
  "saveEvery",
  "best",
];

/** What was typed for a run that goes on. */
function changesOf(
  typed: TypedFlags,
  general: FlagSource & { readonly schema: OptionsSchema<TrainOptions> },
  flags: readonly Flag[],
): Partial<TrainOptions> {
  for (const name of ["model", "task", "out"]) {
    if (typed[name] !== undefined) {
      throw new UsageError(`Cannot use --${name} with --resume: a run keeps its own`);
    }
  }
  const options = readFlags(general, flags, typed);
  const changes: Partial<Record<keyof TrainOptions, unknown>> = {};
  for (const { source, option, flag } of flags) {
    const name = option.name as keyof TrainOptions;
    if (source !== general || typed[camelCase(flag)] === undefined) continue;
    if (!CHANGEABLE.includes(name)) {
      throw new UsageError(`Cannot use --${flag} with --resume: a run keeps its own`);
    }
    changes[name] = options[name];
  }
  return changes as Partial<TrainOptions>;
}

/** Adds a flag of a schema; its value stays text here, the schema reads and checks it. */
export function addFlag(command: Command, flag: Flag): void {
  const { kind } = flag.option;
  for (const { flags, help, hidden } of defineFlag(flag)) {
    if (kind.type === "choice") addNamesOption(command, flags, help, kind.values.map(String));
    else command.option(flags, help, hidden ? { hidden } : {});
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
  context: CliContext,
): Promise<Omit<PluginSelection, "options"> | undefined> {
  const name = peek(args, `--${kind}`);
  if (name === undefined) return undefined;
  const table = kind === "model" ? context.models : context.tasks;
  const plugin = await withUsageErrors(() =>
    resolvePlugin<Plugin>(name, { kind, table, base: context.base })
  );
  return { plugin, name };
}

function missing(kind: string, table: Readonly<Record<string, Plugin>>): UsageError {
  return new UsageError(
    `Cannot train without --${kind}: known ${kind}s are ${Object.keys(table).join(", ")}`,
  );
}

function describe(
  model: Plugin | undefined,
  task: Plugin | undefined,
  context: CliContext,
): string {
  if (model !== undefined && task !== undefined) {
    return `Train ${model.name} (${lowerFirst(model.summary)}) on ${task.name} (${
      lowerFirst(task.summary)
    }).`;
  }
  const list = (table: Readonly<Record<string, Plugin>>) =>
    Object.values(table).map(({ name, summary }) => `  ${name.padEnd(10)} ${summary}`).join("\n");
  return `Train a model on a task.\n\nModels:\n${list(context.models)}\n\nTasks:\n${
    list(context.tasks)
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

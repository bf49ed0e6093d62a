/**
 * `train`: composes a model and a task by name, with the options of both.
 *
 * @module
 */

import type { OptionsSchema, Plugin } from "@unroll/core/plugin";
import { flagName } from "@unroll/core/plugin/host";
import type { JsonRecord } from "@unroll/core/runs";
import * as z from "zod";
import { defineCommand } from "../command.ts";
import type { CommandContext } from "../context.ts";
import { UsageError } from "../errors.ts";
import { knownPlugins, type PairOptions, pairShape, selectPair, TRUST } from "../plugins.ts";
import { findRun } from "./find_run.ts";
import { reportTraining, runTraining } from "./run_training.ts";
import {
  inGroup,
  OUTPUT_SHAPE,
  type OutputOptions,
  TRAIN_SHAPE,
  type TrainOptions,
} from "./train_options.ts";

/** All options of `train`. */
export interface TrainCommandOptions extends TrainOptions, OutputOptions, PairOptions {
  /** The run to go on with. */
  readonly resume?: string;
  /** Modules that it may use. */
  readonly trust?: string;
}

/** Defines the options of `train`, where there are these models and tasks. */
export function trainSchema(
  context: Pick<CommandContext, "models" | "tasks">,
): OptionsSchema<TrainCommandOptions> {
  return z.object({
    ...pairShape(context),
    ...inGroup("How to train", TRAIN_SHAPE),
    ...inGroup("What to go on with", {
      resume: z.string().optional()
        .describe("Go on with a run from where it is; --steps, --lr and other settings may be new")
        .meta({ placeholder: "run" }),
      trust: TRUST,
    }),
    ...OUTPUT_SHAPE,
  });
}

/** The command `train`. */
export const TRAIN = defineCommand({
  name: "train",
  description: "Train a model on a task.",
  schema: trainSchema,
  examples: [
    [
      "FizzBuzz, by a network that counts by itself:",
      "deno task train --model rnn --task fizzbuzz",
    ],
    ["Follow it in a browser:", "deno task train --model rnn --task fizzbuzz --dashboard"],
    [
      "Go on with a run that was stopped, or for longer:",
      "deno task train --resume runs/2026-01-31-fizzbuzz-rnn-0 --steps 20000",
    ],
  ],
  async select(args, context, own) {
    const selected = await selectPair(args, context, own);
    return { ...selected, description: describe(context, selected.model, selected.task) };
  },
  async run(context, { options, typed, selection: { model, task } }) {
    const { resume, trust, model: _, task: __, out, dashboard, json, quiet, ...training } = options;
    const output = { json, quiet, dashboard };
    if (resume !== undefined) {
      const changes = changesOf(training, typed);
      const run = await findRun(resume);
      const plugins = trust === undefined ? {} : { plugins: await knownPlugins(context, trust) };
      return await reportTraining(
        context,
        { title: run.name, steps: changes.steps, ...output },
        (reporter) => context.resume({ run: run.path, changes, ...plugins }, reporter),
      );
    }
    if (trust !== undefined) {
      throw new UsageError("Cannot use --trust without --resume: --model and --task load a module");
    }
    if (model === undefined) throw missing("model", context.models);
    if (task === undefined) throw missing("task", context.tasks);
    await runTraining({ model, task, training, out }, context, output);
  },
});

/** What may be otherwise when a run goes on. */
const CHANGEABLE: ReadonlySet<string> = new Set<keyof TrainOptions>([
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
]);

/** What has nothing to do with a run's settings. */
const BESIDE: ReadonlySet<string> = new Set(["resume", "trust", "dashboard", "json", "quiet"]);

/** What was typed for a run that goes on. */
function changesOf(training: TrainOptions, typed: ReadonlySet<string>): Partial<TrainOptions> {
  const kept = [...typed].find((name) => !CHANGEABLE.has(name) && !BESIDE.has(name));
  if (kept !== undefined) {
    throw new UsageError(`Cannot use --${flagName(kept)} with --resume: a run keeps its own`);
  }
  return Object.fromEntries(
    Object.entries(training as unknown as JsonRecord).filter(([name]) => typed.has(name)),
  );
}

function missing(kind: string, table: Readonly<Record<string, Plugin>>): UsageError {
  return new UsageError(
    `Cannot train without --${kind}: known ${kind}s are ${Object.keys(table).join(", ")}`,
  );
}

function describe(
  context: CommandContext,
  model: { readonly plugin: Plugin } | undefined,
  task: { readonly plugin: Plugin } | undefined,
): string {
  if (model !== undefined && task !== undefined) {
    const [one, other] = [model.plugin, task.plugin]
      .map(({ name, summary }) => `${name} (${lowerFirst(summary)})`);
    return `Train ${one} on ${other}.`;
  }
  const list = (table: Readonly<Record<string, Plugin>>) =>
    Object.values(table).map(({ name, summary }) => `  ${name.padEnd(10)} ${summary}`).join("\n");
  return `Train a model on a task.\n\nModels:\n${list(context.models)}\n\nTasks:\n${
    list(context.tasks)
  }\n\nWith --model and --task, --help lists their options too.`;
}

function lowerFirst(text: string): string {
  // Not an acronym, nor a name with a capital inside.
  return /^[A-Z][a-z ]/.test(text) ? text[0].toLowerCase() + text.slice(1) : text;
}

/**
 * Trains and tells of it, for every command that does; and the settings of recipes that are run with flags.
 *
 * @module
 */

import { type TaskInstance, unknownName } from "@unroll/core/plugin";
import type { JsonRecord } from "@unroll/core/runs";
import type { TrainSettings } from "@unroll/core/training";
import type { CommandContext, PluginSelection, RunReporter, TrainRequest } from "../context.ts";
import { UsageError, withUsageErrors } from "../errors.ts";
import { selectBuiltIn } from "../plugins.ts";
import type { Recipe } from "../recipes/recipe.ts";
import { recipeSettings, taskOptionsOf } from "../recipes/run_recipe.ts";
import { createReporter } from "../reporting/reporter.ts";
import { checkDevice } from "./check_device.ts";
import { instantiateTask } from "./train_action.ts";
import type { OutputOptions, TrainOptions } from "./train_options.ts";

/**
 * Trains what was asked for, after a look at whether the pair makes sense.
 *
 * @param request What to train.
 * @param context What there is.
 * @param output How to tell of it.
 * @throws {UsageError} When the model cannot learn the task.
 */
export async function startTraining(
  request: TrainRequest,
  context: CommandContext,
  output: Omit<OutputOptions, "out"> & { readonly advises?: boolean },
): Promise<void> {
  await checkDevice(request.training.device, context.terminal);
  // It makes the task, which reads the files that were typed.
  const reason = await withUsageErrors(() =>
    context.unsupportedReason(request.model, request.task)
  );
  if (reason !== undefined) throw new UsageError(reason);
  const { title: called = request.name, task, model } = request;
  const pair = `${task.plugin.name} · ${model.plugin.name}`;
  const title = called === undefined ? pair : `${called}: ${pair}`;
  await reportTraining(
    context,
    { title, steps: request.training.steps, ...output },
    (callbacks) => context.train(request, callbacks, output),
  );
}

/**
 * Trains with reporters: the terminal, and the dashboard where that is asked for.
 *
 * @param context What there is.
 * @param settings What runs, and how to tell of it.
 * @param act Trains.
 */
export async function reportTraining(
  context: CommandContext,
  settings: Omit<OutputOptions, "out"> & {
    readonly title: string;
    readonly steps?: number;
    readonly advises?: boolean;
  },
  act: (callbacks: readonly RunReporter[]) => Promise<void>,
): Promise<void> {
  const { terminal } = context;
  const reporter = createReporter({ terminal, ...settings });
  const page = settings.dashboard
    ? await (await import("../reporting/dashboard.ts")).serveDashboard(settings.title)
    : undefined;
  if (page !== undefined) terminal.writeError(`Watch at ${page.url}\n`);
  try {
    await act(page === undefined ? [reporter] : [reporter, page.reporter]);
  } finally {
    await page?.close();
  }
}

/** The options of a recipe that say how the learning rate goes. */
const RATE_OPTIONS: readonly (keyof TrainOptions)[] = ["learningRate", "schedule", "warmup"];

/** What was typed beside the recipe's name. */
export interface RecipeFlags {
  /** Options of training, with their defaults. */
  readonly given: TrainOptions;
  /** Names of those that were typed. */
  readonly typed: ReadonlySet<string>;
  /** Times through the training data. */
  readonly epochs?: number;
}

/**
 * Takes what the recipe says, but for what was typed.
 *
 * @param recipe The recipe.
 * @param task Its task.
 * @param flags What was typed.
 * @returns Settings that are options of `train`, and the rest.
 * @throws {UsageError} When epochs cannot be counted.
 */
export async function recipeTraining(
  recipe: Recipe,
  task: PluginSelection,
  { given, typed, epochs }: RecipeFlags,
): Promise<{ readonly training: TrainOptions; readonly settings: Partial<TrainSettings> }> {
  if (epochs !== undefined && typed.has("steps")) {
    throw new UsageError("Cannot use --epochs with --steps: one of them says how long to train");
  }
  const { optimizer, optimizerSettings, ...own } = recipe.training;
  const counted = epochs !== undefined || own.epochs !== undefined || own.phases !== undefined;
  // Only where epochs count is the task made to know how long they are: it may read a text.
  const instance: Pick<TaskInstance, "stepsPerEpoch"> = counted
    ? await instantiateTask(task).create()
    : {};
  if (epochs !== undefined && instance.stepsPerEpoch === undefined) {
    throw new UsageError(`Cannot count epochs of ${task.name}: its data have no end, say --steps`);
  }
  const { learningRate, optimizer: _, phases, ...rest } = recipeSettings(recipe, instance, epochs);
  const options: Partial<TrainOptions> = {
    ...rest as Partial<TrainOptions>,
    ...(learningRate === undefined ? {} : { learningRate }),
    // The settings of one optimizer mean nothing to another.
    ...(optimizer === undefined || typed.has("optimizer")
      ? {}
      : { optimizer, ...optimizerSettings }),
  };
  // Phases that are typed say all of how the rate goes.
  const left = typed.has("phases") ? new Set([...typed, ...RATE_OPTIONS]) : typed;
  const kept = Object.fromEntries(Object.entries(options).filter(([name]) => !left.has(name)));
  // Phases, which only rates that are typed replace.
  const replaced = phases === undefined || typed.has("learningRate") || typed.has("phases");
  return { training: { ...given, ...kept }, settings: replaced ? {} : { phases } };
}

/**
 * Selects the model and the task of a recipe, in place of those that are named.
 *
 * @param name The recipe's name.
 * @param typed The names of the options that were typed.
 * @param corpus The recipe's text, if one was named.
 * @param context What there is.
 * @returns The model and the task.
 * @throws {UsageError} When there is no such recipe, or a model or task was named, too.
 */
export async function selectRecipe(
  name: string,
  typed: ReadonlySet<string>,
  corpus: string | undefined,
  context: CommandContext,
): Promise<{ readonly model: PluginSelection; readonly task: PluginSelection }> {
  const { recipes } = context;
  const flag = ["model", "task"].find((flag) => typed.has(flag));
  if (flag !== undefined) {
    throw new UsageError(`Cannot use --${flag} with --recipe: a recipe has its own`);
  }
  if (!Object.hasOwn(recipes, name)) {
    throw new UsageError(unknownName("recipe", name, Object.keys(recipes)));
  }
  const recipe = recipes[name];
  return await withUsageErrors(() => ({
    model: selectBuiltIn(context, "model", recipe.model, recipe.modelOptions),
    task: selectBuiltIn(context, "task", recipe.task, optionsWithoutText(recipe, corpus)),
  }));
}

/** Takes options that do without a text: where a recipe fixes the vocabulary, the text makes no difference to the model and is not needed. */
function optionsWithoutText(recipe: Recipe, corpus: string | undefined): JsonRecord {
  if (corpus !== undefined || recipe.taskOptions.vocabulary === undefined) {
    return taskOptionsOf(recipe, corpus);
  }
  // With an alphabet a text is not read before training.
  return { ...recipe.taskOptions, corpus: "-", alphabet: " " };
}

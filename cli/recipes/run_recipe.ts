/**
 * Runs recipes.
 *
 * @module
 */

import type { ModelPlugin, OptimizerName, TaskInstance, TaskPlugin } from "@unroll/core/plugin";
import type { JsonRecord } from "@unroll/core/runs";
import { OPTIMIZERS, train, type TrainResult, type TrainSettings } from "@unroll/core/training";
import { MODELS } from "@unroll/models";
import { TASKS } from "@unroll/tasks";
import { compare, type Comparison, type Recipe } from "./recipe.ts";
import { type RecipeEvent, RecipeMonitor } from "./monitor.ts";
import { fetchLine } from "./texts.ts";

/** How to run a recipe; what is left out is as the recipe has it. */
export interface RunRecipeSettings {
  /** Seed of everything random; if left out the recipe's, which shows what its write-up shows. */
  readonly seed?: number;
  /** The text, for recipes that need one: a path, as the task `char` takes it. */
  readonly corpus?: string;
  /** Times through the training data, in place of the recipe's; phases are shortened alike. */
  readonly epochs?: number;
  /** Settings of training in place of the recipe's. */
  readonly training?: Partial<Omit<TrainSettings, "model" | "task">>;
  /** Options of the task in place of the recipe's. */
  readonly taskOptions?: JsonRecord;
  /** Is told of the text, smoothed losses and samples. */
  readonly onEvent?: (event: RecipeEvent) => void;
}

/** What a run of a recipe gave. */
export interface RecipeResult extends Disposable {
  /** What was known beside what a run got. */
  readonly comparisons: readonly Comparison[];
  /** Mean training loss since the last validation but one: of the last epoch, where nothing else is said. */
  readonly trainingLoss: number;
  /** The trained model. */
  readonly trained: TrainResult;
}

/**
 * Trains by a recipe with the built-in models and tasks, without keeping the run.
 *
 * @param recipe What to train.
 * @param settings What is to be otherwise.
 * @returns The trained model and how it compares; dispose of it when it is not needed any more.
 * @throws {RangeError} If the recipe needs a text and none is given.
 *
 * @example What no linear model can learn
 * ```ts
 * import { RECIPES, runRecipe } from "@unroll/cli/recipes";
 * import { strictEqual } from "node:assert/strict";
 *
 * using run = await runRecipe(RECIPES["xor-linear"], { epochs: 2000 });
 * strictEqual(run.comparisons[0].passes, true);
 * ```
 */
export async function runRecipe(
  recipe: Recipe,
  settings: RunRecipeSettings = {},
): Promise<RecipeResult> {
  const { seed = recipe.seed ?? 0, corpus, epochs } = settings;
  const model = (MODELS[recipe.model] as ModelPlugin)(recipe.modelOptions);
  const options = taskOptionsOf(recipe, corpus);
  const task = (TASKS[recipe.task] as TaskPlugin)({ ...options, ...settings.taskOptions });
  const instance = await task.create();
  const watch = new RecipeMonitor(recipe, { seed, onEvent: settings.onEvent });
  const trained = await train({
    ...recipeSettings(recipe, instance, epochs),
    ...settings.training,
    callbacks: [watch.callbacks, ...settings.training?.callbacks ?? []],
    model,
    task: { ...task, create: () => Promise.resolve(instance) },
    seed,
  });
  const { measured } = watch;
  return {
    comparisons: compare(recipe, measured),
    trainingLoss: measured.trainingLoss,
    trained,
    [Symbol.dispose]: () => trained.dispose(),
  };
}

/**
 * Takes the task options of a recipe, with the text in place.
 *
 * @param recipe The recipe.
 * @param corpus The text, where one is given.
 * @returns Options of its task.
 * @throws {RangeError} If the recipe needs a text and none is given.
 *
 * @example Usage
 * ```ts
 * import { RECIPES, taskOptionsOf } from "@unroll/cli/recipes";
 * import { strictEqual } from "node:assert/strict";
 *
 * strictEqual(taskOptionsOf(RECIPES.alice, "alice.txt").corpus, "alice.txt");
 * ```
 */
export function taskOptionsOf(recipe: Recipe, corpus: string | undefined): JsonRecord {
  if (recipe.corpus === undefined) return recipe.taskOptions;
  if (corpus === undefined) {
    const fetched = recipe.text === undefined
      ? ""
      : `; ${fetchLine(recipe.text)} fetches it, as --fetch does`;
    throw new RangeError(
      `Cannot run this recipe without its text: say --corpus FILE. It is ${recipe.corpus}${fetched}`,
    );
  }
  return { ...recipe.taskOptions, corpus };
}

/** Epochs up to which each ends with a validation. */
const FEW = 20;

/**
 * Makes settings of the trainer out of a recipe.
 *
 * @param recipe The recipe.
 * @param task Its task, which knows how long an epoch is.
 * @param epochs In place of the recipe's; phases are shortened alike.
 * @returns Settings, without the model and the task.
 *
 * @example Usage
 * ```ts
 * import { RECIPES, recipeSettings } from "@unroll/cli/recipes";
 * import { strictEqual } from "node:assert/strict";
 *
 * const { steps } = recipeSettings(RECIPES["xor-linear"], { stepsPerEpoch: 4 }, 10);
 * strictEqual(steps, 40);
 * ```
 */
export function recipeSettings(
  { training }: Recipe,
  task: Pick<TaskInstance, "stepsPerEpoch">,
  epochs?: number,
): Partial<TrainSettings> {
  const { epochs: _, phases, optimizer, optimizerSettings, lr, ...rest } = training;
  const own = phases?.reduce((sum, { epochs }) => sum + epochs, 0) ?? training.epochs;
  const wanted = epochs ?? own;
  const { stepsPerEpoch } = task;
  const counted = wanted !== undefined && stepsPerEpoch !== undefined
    ? { steps: Math.max(1, Math.round(wanted * stepsPerEpoch)) }
    : {};
  // As often as there are epochs, also where the run is shortened.
  const validateEvery = counted.steps !== undefined && own !== undefined && own <= FEW
    ? Math.ceil(counted.steps / Math.max(1, own))
    : undefined;
  const fraction = (wanted ?? 1) / (own ?? 1);
  return {
    ...(validateEvery === undefined ? {} : { validateEvery }),
    ...rest,
    ...counted,
    ...(lr === undefined ? {} : { learningRate: lr }),
    ...(optimizer === undefined
      ? {}
      : { optimizer: OPTIMIZERS[optimizer satisfies OptimizerName].create(optimizerSettings) }),
    ...(phases === undefined ? {} : {
      phases: phases.map(({ epochs, lr }) => ({
        steps: Math.max(1, Math.round(epochs * fraction * (stepsPerEpoch ?? 1))),
        learningRate: lr,
      })),
    }),
  };
}

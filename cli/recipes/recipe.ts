/**
 * What a recipe is: a model, a task and settings whose result is known beforehand.
 *
 * @module
 */

import type { OptimizerName, Predict, ScheduleName, TaskInstance } from "@unroll/core/plugin";
import type { JsonRecord } from "@unroll/core/runs";
import type { Text } from "./texts.ts";
import type { Walk, WalkRun } from "./walk.ts";

/** A model, a task and settings whose result is known beforehand. */
export interface Recipe {
  /** What it is, in one line, with its source. */
  readonly summary: string;
  /** Name of the model. */
  readonly model: string;
  /** Options of the model; the others are as the model has them. */
  readonly modelOptions: JsonRecord;
  /** Name of the task. */
  readonly task: string;
  /** Options of the task; the others are as the task has them. */
  readonly taskOptions: JsonRecord;
  /** How it is trained; what is left out is as the task recommends. */
  readonly training: RecipeTraining;
  /** Where the text is to be had that it is trained on, if that is not built in. */
  readonly corpus?: string;
  /** Where that text can be fetched. */
  readonly text?: Text;
  /** The smoothed loss is told every so many iterations, and a sample of 200 characters every so many. */
  readonly smoothed?: { readonly every: number; readonly sampleEvery: number };
  /** What a sample at a step goes on from; as the task has it if left out. */
  readonly prompt?: (moment: Pick<RecipeMoment, "task" | "step">) => string;
  /** Says what is there before training, such as how long the text is, in lines. */
  readonly begin?: (task: TaskInstance) => readonly string[];
  /** What is known of the result. */
  readonly expected: readonly ExpectedResult[];
  /** What else a reader of the result should know. */
  readonly note?: string;
  /** The seed that shows what the write-up shows; 0 if left out. */
  readonly seed?: number;
  /** How many starts come out as known, in other hands. */
  readonly share?: { readonly right: number; readonly count: number; readonly source: string };
  /** What other seeds come to, in a sentence. */
  readonly spread?: string;
  /** Whether every validation is told in a line. */
  readonly tellsValidations?: boolean;
  /** Measures what else the walk shows, at each validation; names are in snake case. */
  readonly measure?: (moment: RecipeMoment) => Promise<Readonly<Record<string, number>>>;
  /** Makes what the recipe ends with; of options that it does not understand it may make nothing. */
  readonly walk?: (run: WalkRun) => Promise<Walk | undefined>;
}

/** A model on its way. */
export interface RecipeMoment {
  /** The task. */
  readonly task: TaskInstance;
  /** Runs the model as it is now. */
  readonly predict: Predict;
  /** Steps done. */
  readonly step: number;
  /** The seed of the run. */
  readonly seed: number;
}

/** How a recipe is trained. */
export interface RecipeTraining {
  /** Steps, where they are not counted in epochs. */
  readonly steps?: number;
  /** Times through the training data. */
  readonly epochs?: number;
  /** The optimizer. */
  readonly optimizer?: OptimizerName;
  /** Its settings. */
  readonly optimizerSettings?: Readonly<Record<string, number>>;
  /** Learning rate. */
  readonly lr?: number;
  /** Learning rates one after the other; `epochs` is then the sum of theirs. */
  readonly phases?: readonly { readonly epochs: number; readonly lr: number }[];
  /** How the learning rate goes. */
  readonly schedule?: ScheduleName;
  /** Every gradient element is cut to ± this; 0 for not at all. */
  readonly clip?: number;
  /** All gradients together are scaled down to this norm; 0 for not at all. */
  readonly clipNorm?: number;
  /** This much of the sum of squares of all parameters is added to the loss. */
  readonly l2?: number;
  /** Steps in which the learning rate rises from zero. */
  readonly warmup?: number;
  /** Steps from one validation to the next. */
  readonly validateEvery?: number;
  /** What the best parameters are best in. */
  readonly best?: "error" | "loss";
  /** A validation loss so low ends training early. */
  readonly stopAtLoss?: number;
}

/** Something that is known of a recipe's result. */
export interface ExpectedResult {
  /**
   * What was measured: `error`, `validation loss` and metrics of the task are those of the best
   * parameters; `training loss` is the mean since the last validation but one, which is the last epoch
   * where nothing else is said; `smoothed loss` is at an iteration; `divergence` is the first step whose loss is not
   * finite, which such a recipe is to come to.
   */
  readonly measure:
    | "error"
    | "validation loss"
    | "training loss"
    | "smoothed loss"
    | "divergence"
    | Metric;
  /** The iteration of a smoothed loss, counted from 0. */
  readonly iteration?: number;
  /** What the measure is divided by, such as the answers that a loss sums over. */
  readonly per?: number;
  /** The known number. */
  readonly value: number;
  /**
   * Whether the number is to be repeated, or is a bound, or is only set beside ours: one that an untrained network has
   * too, or that other starts are far from, claims nothing.
   */
  readonly is: "near" | "at most" | "at least" | "beside";
  /** How far from a number that is to be repeated another still counts as the same. */
  readonly tolerance?: number;
  /** Who measured it, and on what. */
  readonly source: string;
}

/** A metric of the task, such as `metrics.digit_accuracy`. */
export type Metric = `metrics.${string}`;

/** A known number beside the one of a run. */
export interface Comparison {
  /** What was known. */
  readonly expected: ExpectedResult;
  /** What it is called, such as `smoothed loss at iteration 100`. */
  readonly name: string;
  /** What the run got; NaN if it did not come so far. */
  readonly actual: number;
  /** `actual` less what was known. */
  readonly difference: number;
  /** Whether it is as known: within the tolerance, or on the right side of the bound; absent where nothing is claimed. */
  readonly passes?: boolean;
}

/** What a run of a recipe gave. */
export interface Measured {
  /** Fraction of wrong answers of the best parameters. */
  readonly error?: number;
  /** Validation loss of the best parameters. */
  readonly validationLoss: number;
  /** What else the task measured of them. */
  readonly metrics: Readonly<Record<string, number>>;
  /** Mean training loss since the last validation but one. */
  readonly trainingLoss: number;
  /** The smoothed loss at an iteration. */
  readonly smoothedLoss: (iteration: number) => number;
  /** The first step whose loss was not finite, counted from 1. */
  readonly divergedAt?: number;
}

/**
 * Sets what a run gave beside what was known.
 *
 * @param recipe The recipe.
 * @param measured What a run of it gave.
 * @returns A comparison for each known number, in order.
 *
 * @example Usage
 * ```ts
 * import { compare, RECIPES } from "@unroll/cli/recipes";
 * import { strictEqual } from "node:assert/strict";
 *
 * const [{ passes }] = compare(RECIPES["xor-linear"], {
 *   validationLoss: 2,
 *   metrics: {},
 *   trainingLoss: 2,
 *   smoothedLoss: () => NaN,
 * });
 * strictEqual(passes, true);
 * ```
 */
export function compare({ expected }: Recipe, measured: Measured): Comparison[] {
  return expected.map((expected) => {
    const actual = valueOf(expected, measured) / (expected.per ?? 1);
    const difference = actual - expected.value;
    const passes = expected.is === "near"
      ? Math.abs(difference) <= (expected.tolerance ?? 0)
      : expected.is === "at most"
      ? difference <= 0
      : difference >= 0;
    const claim = expected.is === "beside" ? {} : { passes };
    return { expected, name: nameOf(expected), actual, difference, ...claim };
  });
}

/**
 * Tells whether a recipe is to come to a loss that is not finite.
 *
 * @param recipe The recipe.
 *
 * @example Usage
 * ```ts
 * import { divergesOf, RECIPES } from "@unroll/cli/recipes";
 * import { strictEqual } from "node:assert/strict";
 *
 * strictEqual(divergesOf(RECIPES["fizzbuzz-mlp-diverges"]), true);
 * ```
 */
export function divergesOf({ expected }: Recipe): boolean {
  return expected.some(({ measure }) => measure === "divergence");
}

function valueOf(expected: ExpectedResult, measured: Measured): number {
  switch (expected.measure) {
    case "error":
      return measured.error ?? NaN;
    case "validation loss":
      return measured.validationLoss;
    case "training loss":
      return measured.trainingLoss;
    case "smoothed loss":
      return measured.smoothedLoss(expected.iteration ?? 0);
    case "divergence":
      return measured.divergedAt ?? NaN;
    default:
      return measured.metrics[expected.measure.slice("metrics.".length)] ?? NaN;
  }
}

function nameOf({ measure, iteration, per }: ExpectedResult): string {
  const words = measure.replace("metrics.", "").replaceAll("_", " ");
  const place = iteration === undefined ? "" : ` at iteration ${iteration}`;
  return `${words}${place}${per === undefined ? "" : ` / ${per}`}`;
}

/**
 * The options of `train` that every model and task share.
 *
 * @module
 */

import type { LearningPhase, OptionsSchema, TrainingDefaults } from "@unroll/core/plugin";
import {
  formatPhases,
  formatStopRule,
  resolveSettings,
  TRAINING_SETTINGS,
  type TrainingOptions,
  trainingRecord,
} from "@unroll/core/training";
import * as z from "zod";
import type { CommandContext } from "../context.ts";
import { UsageError } from "../errors.ts";
import { type PairOptions, pairShape, TRUST } from "../plugins.ts";
import { describeOptions, flagName } from "@unroll/core/plugin/host";
import type { JsonRecord } from "@unroll/core/runs";

/** What decides a training run besides the model and the task; what is absent is as the task recommends. */
export interface TrainOptions
  extends Partial<Omit<TrainingDefaults, "phases" | "stopAtError" | "stopAtLoss">> {
  /** Seed of everything random. */
  readonly seed: number;
  /** Where to compute. */
  readonly device: "auto" | "cpu" | "native" | "webgpu" | "reference";
  /** Learning rates one after the other, `steps:rate,steps:rate`, in place of one. */
  readonly phases?: string;
  /** When to end early, as {@linkcode parseStopRule} reads it. */
  readonly stopAt?: string;
  /** Seconds from one checkpoint to the next, at least. */
  readonly saveEvery?: number;
  /** The step after which training stops, to be resumed. */
  readonly until?: number;
  /** Of the optimizers that have it, as all below: how much of the last step goes into the next. */
  readonly momentum?: number;
  /** Whether to look ahead. */
  readonly nesterov?: boolean;
  /** How slowly the mean of the gradients changes. */
  readonly beta1?: number;
  /** How slowly the mean of their squares changes. */
  readonly beta2?: number;
  /** The same of another optimizer. */
  readonly decay?: number;
  /** Added to the root that is divided by. */
  readonly epsilon?: number;
  /** Where it is added. */
  readonly epsilonPlace?: "inside" | "outside";
  /** Fraction of each parameter that is taken away a step. */
  readonly weightDecay?: number;
}

/** How a command that trains tells of it. */
export interface OutputOptions {
  /** The folder in which the run's own folder is made. */
  readonly out: string;
  /** What the run is called. */
  readonly name?: string;
  /** Whether a page follows the run. */
  readonly dashboard: boolean;
  /** Whether all is printed that the model makes at validations. */
  readonly samples: boolean;
  /** Whether to print JSON lines. */
  readonly json: boolean;
  /** Whether to print the result only. */
  readonly quiet: boolean;
  /** Whether to say why it trains where it does. */
  readonly verbose: boolean;
}

/** The option that names the folder of runs. */
export const RUNS = z.string().default("runs").describe("The folder of runs")
  .meta({ placeholder: "folder" });

/** The option that names a recipe's text. */
export const CORPUS = z.string().optional()
  .describe("The text of the recipe, if it needs one: a file, files as a pattern in quotes, or -")
  .meta({ placeholder: "file" });

/** The options of {@linkcode OutputOptions}. */
export const OUTPUT_SHAPE = inGroup("Output", {
  out: z.string().default("runs").describe("Folder in which to make the run's own folder")
    .meta({ placeholder: "folder" }),
  name: z.string().optional()
    .describe("What to call the run and its folder; date, task, model and seed if left out"),
  dashboard: z.boolean().default(false)
    .describe("Serve a page that follows the run, on this machine only"),
  samples: z.boolean().default(false).describe(
    "Print all samples at each validation, in place of a line or two now and then",
  ),
  json: z.boolean().default(false).describe("Print JSON, one object a line"),
  quiet: z.boolean().default(false).describe("Print only the result"),
  verbose: z.boolean().default(false).describe("Also print what it trains on, and why there"),
});

/** Puts options under a heading of help. */
export function inGroup<Shape extends Readonly<Record<string, z.core.$ZodType>>>(
  group: string,
  shape: Shape,
): Shape {
  return Object.fromEntries(
    Object.entries(shape).map(([name, schema]) => {
      const copy = z.core.clone(schema);
      z.globalRegistry.add(copy, { ...z.globalRegistry.get(schema), group });
      return [name, copy];
    }),
  ) as Shape;
}

const OPTIMIZER_SHAPE = {
  momentum: z.number().min(0).lt(1).optional().describe("Momentum, in sgd and rmsprop"),
  nesterov: z.boolean().optional().describe("Use Nesterov's momentum, in sgd"),
  beta1: z.number().min(0).lt(1).optional().describe(
    "Decay of the mean of the gradients, in adam and adamw",
  ),
  beta2: z.number().min(0).lt(1).optional().describe(
    "Decay of the mean of their squares, in adam and adamw",
  ),
  decay: z.number().min(0).lt(1).optional().describe(
    "Decay of the mean of the squares, in rmsprop",
  ),
  epsilon: z.number().min(0).optional().describe(
    "Added to the root that steps are divided by, in adam, adamw, adagrad and rmsprop",
  ),
  epsilonPlace: z.enum(["inside", "outside"]).optional().describe(
    "Whether adagrad adds it inside the root or outside",
  ),
  weightDecay: z.number().min(0).optional().describe("Weight decay, in adamw"),
};

/** Names of the options that are settings of optimizers. */
export const OPTIMIZER_OPTIONS: readonly (keyof TrainOptions)[] = Object.keys(
  OPTIMIZER_SHAPE,
) as (keyof typeof OPTIMIZER_SHAPE)[];

type TrainingShape = {
  readonly [Name in Exclude<keyof TrainingDefaults, "phases">]-?: z.core.$ZodType<
    TrainingDefaults[Name]
  >;
};

const { steps, optimizer, learningRate, stopAtError: _, stopAtLoss: __, ...settings } =
  TRAINING_SETTINGS.shape as TrainingShape;

/** The options of {@linkcode TrainOptions}: the settings of training, and what is the command's own. */
export const TRAIN_SHAPE = {
  seed: z.int().min(0).max(2 ** 32 - 1).default(0).describe(
    "Seed of the random numbers: the same seed gives the same run",
  ),
  steps: z.optional(steps),
  device: z.enum(["auto", "cpu", "native", "webgpu", "reference"]).default("auto")
    .meta({ description: "Where to compute", changeable: true }),
  optimizer,
  learningRate,
  phases: z.string().min(1).optional().meta({
    description: "Learning rates in turn, as steps:rate,steps:rate, such as 400:1e-3,800:1e-4, " +
      "in place of the schedule that the task recommends",
    changeable: true,
  }),
  ...settings,
  stopAt: z.string().min(1).optional().meta({
    description:
      "End training once a validation is this good: error=0, loss=0.1, or both, separated by a comma; " +
      "none for never",
    changeable: true,
  }),
  saveEvery: z.number().min(0).optional().meta({
    description: "Seconds between checkpoints, at least; 2 if left out",
    changeable: true,
  }),
  ...OPTIMIZER_SHAPE,
};

/** The schema of {@linkcode TrainOptions}, under a heading of its own. */
export const TRAIN_OPTIONS: OptionsSchema<TrainOptions> = z.object(TRAIN_SHAPE);

/** All options of `train`. */
export interface TrainCommandOptions extends TrainOptions, OutputOptions, PairOptions {
  /** The run to go on with. */
  readonly resume?: string;
  /** The weights to begin with. */
  readonly from?: string;
  /** Modules that it may use. */
  readonly trust?: string;
}

/** The option that ends a part of a run. */
const UNTIL = z.int().min(1).optional().describe(
  "Stop after this step, as Ctrl-C would, to be resumed; the schedule stays that of all steps",
);

/** Defines the options of `train`, where there are these models and tasks. */
export function trainSchema(
  context: Pick<CommandContext, "models" | "tasks">,
): OptionsSchema<TrainCommandOptions> {
  return z.object({
    ...pairShape(context),
    ...inGroup("How to train", { ...TRAIN_SHAPE, until: UNTIL }),
    ...inGroup("Start from", {
      resume: z.string().optional()
        .describe("Continue a run; --steps, --lr and other settings may be new")
        .meta({ placeholder: "run" }),
      from: z.string().optional().describe(
        "Start a new run with the weights of a run, or of a safetensors file such as PyTorch's",
      ).meta({ placeholder: "weights" }),
      trust: TRUST,
    }),
    ...OUTPUT_SHAPE,
  });
}

/**
 * Converts what a task recommends, or a run has, to options, with all that is so if it says nothing.
 *
 * @param given What is asked for otherwise, such as another optimizer.
 * @param recommended What the task recommends.
 * @returns The options that hold where nothing is typed, those of the optimizer too.
 */
export function recommendedOptions(
  given: TrainingOptions,
  recommended: TrainingDefaults,
): JsonRecord {
  const settings = resolveSettings(given, recommended);
  const { learningRate, phases, stopAtError: _, stopAtLoss: __, optimizerSettings, ...rest } =
    trainingRecord(settings);
  return {
    ...rest,
    ...optimizerSettings as JsonRecord,
    stopAt: formatStopRule(settings) ?? "none",
    ...(phases === undefined
      ? { learningRate }
      : { phases: formatPhases(settings.phases as readonly LearningPhase[]) }),
  };
}

/** The settings that may change when a run is resumed. */
const CHANGEABLE: ReadonlySet<string> = new Set(
  describeOptions(TRAIN_OPTIONS).filter(({ changeable }) => changeable).map(({ name }) => name),
);

/** What has nothing to do with a run's settings. */
const BESIDE: ReadonlySet<string> = new Set([
  "until",
  "resume",
  "trust",
  "dashboard",
  "samples",
  "json",
  "quiet",
  "verbose",
]);

/** Whether a run that goes on keeps its own of an option of `train`. */
export function isKept(name: string): boolean {
  return !CHANGEABLE.has(name) && !BESIDE.has(name);
}

/**
 * Takes what was typed for a run that goes on.
 *
 * @param training The options of training.
 * @param typed The names of all options that were typed.
 * @returns What is to be otherwise.
 * @throws {UsageError} When it is something that a run keeps.
 */
export function changesOf(
  training: TrainOptions,
  typed: ReadonlySet<string>,
): Partial<TrainOptions> {
  const kept = [...typed].find(isKept);
  if (kept !== undefined) {
    throw new UsageError(`Cannot use --${flagName(kept)} with --resume: a run keeps its own`);
  }
  return Object.fromEntries(
    Object.entries(training as unknown as JsonRecord).filter(([name]) => typed.has(name)),
  );
}

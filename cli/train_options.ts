/**
 * The options of `train` that every model and task share.
 *
 * @module
 */

import type { OptionsSchema, TrainingDefaults } from "@unroll/core/plugin";
import { TRAINING_SETTINGS } from "@unroll/core/training";
import * as z from "zod";

/** What decides a training run besides the model and the task; what is absent is as the task recommends. */
export interface TrainOptions extends Partial<Omit<TrainingDefaults, "phases">> {
  /** Seed of everything random. */
  readonly seed: number;
  /** Where to compute. */
  readonly device: "auto" | "cpu" | "webgpu" | "reference";
  /** Learning rates one after the other, `steps:rate,steps:rate`, in place of one. */
  readonly phases?: string;
  /** Seconds from one checkpoint to the next, at least. */
  readonly saveEvery?: number;
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
  /** Share of each parameter that is taken away a step. */
  readonly weightDecay?: number;
}

const OPTIMIZER_SHAPE = {
  momentum: z.number().min(0).lt(1).optional().describe("Momentum of sgd and rmsprop"),
  nesterov: z.boolean().optional().describe("Look ahead in sgd with momentum"),
  beta1: z.number().min(0).lt(1).optional().describe(
    "How slowly the mean of the gradients changes in adam and adamw",
  ),
  beta2: z.number().min(0).lt(1).optional().describe("How slowly the mean of their squares does"),
  decay: z.number().min(0).lt(1).optional().describe("The same in rmsprop"),
  epsilon: z.number().min(0).optional().describe(
    "What adam, adamw, adagrad and rmsprop add to the root that they divide by",
  ),
  epsilonPlace: z.enum(["inside", "outside"]).optional().describe(
    "Where adagrad adds it, inside the root or outside",
  ),
  weightDecay: z.number().min(0).optional().describe("Weight decay of adamw"),
};

/** Names of the options that are settings of optimizers. */
export const OPTIMIZER_OPTIONS: readonly (keyof TrainOptions)[] = Object.keys(
  OPTIMIZER_SHAPE,
) as (keyof typeof OPTIMIZER_SHAPE)[];

type TrainingShape = {
  readonly [Name in Exclude<keyof TrainingDefaults, "phases">]-?: z.ZodType<TrainingDefaults[Name]>;
};

const { steps, optimizer, learningRate, ...settings } = TRAINING_SETTINGS.shape as TrainingShape;

/** The schema of {@linkcode TrainOptions}: the settings of training, and what is the command's own. */
export const TRAIN_OPTIONS: OptionsSchema<TrainOptions> = z.object({
  seed: z.int().min(0).max(2 ** 32 - 1).default(0).describe("Seed of everything random"),
  steps: steps.optional(),
  device: z.enum(["auto", "cpu", "webgpu", "reference"]).default("auto")
    .meta({ description: "Where to compute", changeable: true }),
  optimizer,
  learningRate,
  phases: z.string().min(1).optional().meta({
    description:
      "Learning rates one after the other as steps:rate,steps:rate, such as 400:1e-3,800:1e-4",
    changeable: true,
  }),
  ...settings,
  saveEvery: z.number().min(0).optional().meta({
    description: "Seconds from one saved checkpoint to the next, at least; 2 if left out",
    changeable: true,
  }),
  ...OPTIMIZER_SHAPE,
});

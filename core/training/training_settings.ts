/**
 * The settings of training as a schema: the one place that says what each may be.
 *
 * @module
 */
import * as z from "zod";
import type { OptimizerName, ScheduleName, TrainingDefaults } from "../plugin/training_defaults.ts";
import type { OptionsSchema } from "../plugin/options.ts";
import { OPTIMIZERS, SCHEDULES } from "./optimizers.ts";

const fromZero = z.number().min(0);

/**
 * The schema of the settings of training, but for phases, which are no option.
 *
 * The metadata says whether a run that is resumed may have another value (`changeable`), and the flag of
 * the command line where that is not the name (`flag`).
 *
 * @example Usage
 * ```ts
 * import { TRAINING_SETTINGS } from "@unroll/core/training";
 * import { strictEqual } from "node:assert/strict";
 *
 * strictEqual(TRAINING_SETTINGS.safeParse({ steps: 100, learningRate: 0 }).success, false);
 * ```
 */
export const TRAINING_SETTINGS: OptionsSchema<Omit<TrainingDefaults, "phases">> = z.object(
  {
    steps: z.int().min(1).meta({
      description: "Training steps; the task recommends a number",
      changeable: true,
    }),
    optimizer: z.enum(Object.keys(OPTIMIZERS) as OptimizerName[]).optional()
      .meta({ description: "Optimizer" }),
    learningRate: z.number().positive().optional()
      .meta({ description: "Learning rate", flag: "lr", changeable: true }),
    schedule: z.enum(Object.keys(SCHEDULES) as ScheduleName[]).optional()
      .meta({ description: "How the learning rate goes", changeable: true }),
    clip: fromZero.optional().meta({
      description: "Cut every gradient element to plus or minus this, 0 for not at all",
      changeable: true,
    }),
    clipNorm: fromZero.optional().meta({
      description: "Scale the gradient down to this norm, 0 for not at all",
      changeable: true,
    }),
    l2: fromZero.optional().meta({
      description: "Add this times the sum of the squares of all parameters to the loss",
      changeable: true,
    }),
    warmup: z.int().min(0).optional().meta({
      description: "Steps in which the learning rate rises from zero",
      changeable: true,
    }),
    validateEvery: z.int().min(1).optional()
      .meta({ description: "Steps from one validation to the next", changeable: true }),
    best: z.enum(["error", "loss"]).optional()
      .meta({ description: "What the best parameters are best in", changeable: true }),
    patience: z.int().min(0).optional().meta({
      description:
        "Early stopping: end training after so many validations in a row of which none " +
        "was better, 0 for never",
      changeable: true,
    }),
    stopAtError: z.number().optional()
      .meta({ description: "End training once the error is at most this", changeable: true }),
    stopAtLoss: z.number().optional().meta({
      description: "End training once the validation loss is at most this",
      changeable: true,
    }),
  } satisfies Record<Exclude<keyof TrainingDefaults, "phases">, z.ZodType>,
);

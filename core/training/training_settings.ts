/**
 * The settings of training as a schema: the one place that says what each may be.
 *
 * @module
 */
import * as z from "zod/mini";
import type { OptimizerName, ScheduleName, TrainingDefaults } from "../plugin/training_defaults.ts";
import type { OptionsSchema } from "../plugin/options.ts";
import { OPTIMIZERS, SCHEDULES } from "./optimizers.ts";

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
export const TRAINING_SETTINGS: OptionsSchema<Omit<TrainingDefaults, "phases">> =
  /* @__PURE__ */ settingsSchema();

function settingsSchema(): OptionsSchema<Omit<TrainingDefaults, "phases">> {
  const fromZero = z.number().check(z.minimum(0));
  return z.object(
    {
      steps: z.int().check(
        z.minimum(1),
        z.meta({
          description: "Training steps; as many as the task recommends if left out",
          changeable: true,
        }),
      ),
      optimizer: z.optional(z.enum(Object.keys(OPTIMIZERS) as OptimizerName[])).check(
        z.meta({ description: "Optimizer" }),
      ),
      learningRate: z.optional(z.number().check(z.positive())).check(
        z.meta({ description: "Learning rate", flag: "lr", changeable: true }),
      ),
      schedule: z.optional(z.enum(Object.keys(SCHEDULES) as ScheduleName[])).check(
        z.meta({ description: "How the learning rate changes over the run", changeable: true }),
      ),
      clip: z.optional(fromZero).check(z.meta({
        description: "Limit every element of the gradient to this size; 0 for no limit",
        changeable: true,
      })),
      clipNorm: z.optional(fromZero).check(z.meta({
        description: "Scale the gradient down where its norm is above this; 0 for never",
        changeable: true,
      })),
      l2: z.optional(fromZero).check(z.meta({
        description: "Add this times the sum of the squares of all parameters to the loss",
        changeable: true,
      })),
      warmup: z.optional(z.int().check(z.minimum(0))).check(z.meta({
        description: "Steps over which the learning rate rises from zero",
        changeable: true,
      })),
      validateEvery: z.optional(z.int().check(z.minimum(1))).check(
        z.meta({ description: "Steps between validations", changeable: true }),
      ),
      best: z.optional(z.enum(["error", "loss"])).check(
        z.meta({ description: "What decides which parameters are the best", changeable: true }),
      ),
      patience: z.optional(z.int().check(z.minimum(0))).check(z.meta({
        description:
          "Early stopping: end training after so many validations in a row of which none " +
          "was better, 0 for never",
        changeable: true,
      })),
      stopAtError: z.optional(z.number()).check(
        z.meta({ description: "End training once the error is at most this", changeable: true }),
      ),
      stopAtLoss: z.optional(z.number()).check(z.meta({
        description: "End training once the validation loss is at most this",
        changeable: true,
      })),
    } satisfies Record<Exclude<keyof TrainingDefaults, "phases">, z.ZodMiniType>,
  );
}

/**
 * The optimizers and schedules by name.
 *
 * @module
 */
import { adagrad } from "./adagrad.ts";
import { adam, adamw } from "./adam.ts";
import type { Optimizer } from "./optimizer.ts";
import { rmsprop } from "./rmsprop.ts";
import { constantRate, cosineDecay, linearDecay, type Schedule } from "./schedules.ts";
import type { OptimizerName, ScheduleName } from "../plugin/training_defaults.ts";
import { sgd } from "./sgd.ts";

/** An optimizer by name. */
export interface OptimizerEntry {
  /** Makes it, with defaults for settings that are left out. */
  readonly create: (settings?: Optimizer["settings"]) => Optimizer;
  /** A learning rate that suits most tasks, where none is given or recommended. */
  readonly learningRate: number;
}

/** The optimizers by name. */
export const OPTIMIZERS: Readonly<Record<OptimizerName, OptimizerEntry>> = {
  sgd: { create: sgd, learningRate: 0.01 },
  adam: { create: adam, learningRate: 0.001 },
  adamw: { create: adamw, learningRate: 0.001 },
  adagrad: { create: adagrad, learningRate: 0.1 },
  rmsprop: { create: rmsprop, learningRate: 0.001 },
};

/** The schedules by name, each with its defaults. */
export const SCHEDULES: Readonly<Record<ScheduleName, () => Schedule>> = {
  constant: constantRate,
  linear: linearDecay,
  cosine: cosineDecay,
};

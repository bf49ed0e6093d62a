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

/** Each optimizer, with its defaults. */
export const OPTIMIZERS: Readonly<
  Record<OptimizerName, (settings?: Optimizer["settings"]) => Optimizer>
> = {
  sgd,
  adam,
  adamw,
  adagrad,
  rmsprop,
};

/** Each schedule, with its defaults. */
export const SCHEDULES: Readonly<Record<ScheduleName, () => Schedule>> = {
  constant: constantRate,
  linear: linearDecay,
  cosine: cosineDecay,
};

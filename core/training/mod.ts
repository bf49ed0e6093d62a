/**
 * Training: the loop, optimizers, schedules of the learning rate, clipping.
 *
 * @example A learning rate that falls in steps
 * ```ts
 * import { tensor } from "@unroll/core";
 * import { stepDecay } from "@unroll/core/training";
 * import { strictEqual } from "node:assert/strict";
 *
 * const schedule = stepDecay({ every: 100 });
 * strictEqual(await schedule(tensor(0), 1000).item(), 1);
 * ```
 *
 * @module
 */
export { adagrad, type AdagradSettings } from "./adagrad.ts";
export { adam, type AdamSettings, adamw, type AdamwSettings } from "./adam.ts";
export { clipByNorm, clipByValue, globalNorm } from "./clip.ts";
export {
  type BestParameters,
  DivergenceError,
  type Snapshot,
  type StopReason,
  type TrainingCallbacks,
  type TrainingCheckpoint,
  type TrainingEvent,
  type TrainingStart,
  type TrainResult,
} from "./events.ts";
export {
  findLearningRate,
  type LearningRateCurve,
  type LearningRatePoint,
  type LearningRateSettings,
  type LearningRateSuggestions,
  suggestLearningRates,
} from "./find_learning_rate.ts";
export { type Optimizer, type Update, type UpdateContext, updateEach } from "./optimizer.ts";
export { type OptimizerEntry, OPTIMIZERS, SCHEDULES } from "./optimizers.ts";
export { formatPhases, parsePhases } from "./phases.ts";
export {
  type ResolvedSettings,
  resolveSettings,
  type TrainingOptions,
} from "./resolve_settings.ts";
export { rmsprop, type RmspropSettings } from "./rmsprop.ts";
export {
  constantRate,
  cosineDecay,
  exponentialDecay,
  inPhases,
  linearDecay,
  productOf,
  type Schedule,
  stepDecay,
  withWarmup,
} from "./schedules.ts";
export { sgd, type SgdSettings } from "./sgd.ts";
export { formatStopRule, parseStopRule, type StopRule } from "./stop_rule.ts";
export { train, type TrainSettings } from "./train.ts";
export type { HostTensor, TensorMap } from "./trainer.ts";
export { changedSettings, recordedSettings, trainingRecord } from "./training_record.ts";
export { TRAINING_SETTINGS } from "./training_settings.ts";

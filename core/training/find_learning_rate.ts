/**
 * A search for the learning rate: a short training whose rate grows and grows (Smith, "Cyclical Learning Rates for
 * Training Neural Networks", 2017, section 3.3), as fast.ai's `lr_find` does it.
 *
 * @module
 */
import { openBackendFor, type OpenedBackend } from "../backends/open.ts";
import { graphCost } from "../passes/cost.ts";
import { checkBatchShape } from "./check_contract.ts";
import { resolveSettings } from "./resolve_settings.ts";
import type { Schedule } from "./schedules.ts";
import { batchRequest, traceStep } from "./trace_step.ts";
import type { TrainSettings } from "./train.ts";
import { Trainer } from "./trainer.ts";

/** Settings of {@linkcode findLearningRate}: those of training, but for how its rate goes. */
export interface LearningRateSettings extends
  Omit<
    TrainSettings,
    | "learningRate"
    | "schedule"
    | "phases"
    | "warmup"
    | "steps"
    | "callbacks"
    | "resume"
    | "validateEvery"
    | "best"
    | "stopAtError"
    | "stopAtLoss"
  > {
  /** The rate of the first step; 1e-7 if left out. */
  readonly from?: number;
  /** The rate of the last step, if the loss does not diverge before; 10 if left out. */
  readonly to?: number;
  /** Steps, at least 20; 100 if left out. */
  readonly steps?: number;
  /** Called after each step. */
  readonly onStep?: (point: LearningRatePoint) => void;
}

/** A step of the search. */
export interface LearningRatePoint {
  /** Its learning rate. */
  readonly learningRate: number;
  /** Its loss, on its own batch. */
  readonly loss: number;
  /** The mean of the losses so far, in which each step counts for 0.98 of the next. */
  readonly smoothed: number;
}

/** What a search found. */
export interface LearningRateCurve {
  /** The steps, by their rates, up to where the loss diverged. */
  readonly points: readonly LearningRatePoint[];
  /** Whether the loss diverged: more than four times the least, or no finite number. */
  readonly diverged: boolean;
  /** Rates to train with; absent where the loss never falls. */
  readonly suggestions: LearningRateSuggestions;
}

/** Rates to train with, by two rules of fast.ai. */
export interface LearningRateSuggestions {
  /** In the middle of the longest valley, which is fast.ai's own choice: the safer of the two. */
  readonly valley?: number;
  /** Where the loss falls most steeply. */
  readonly steepest?: number;
}

/** How much of the smoothed loss each step leaves, as in fast.ai. */
const SMOOTHING = 0.98;
/** The loss has diverged at so many times the least, as in fast.ai. */
const DIVERGED = 4;

/** Whether steps may be multiplied by a number: devices have it as f32. */
function isRate(rate: number): boolean {
  return typeof rate === "number" && Math.fround(rate) > 0 && Math.fround(rate) < Infinity;
}

/**
 * Searches for a learning rate: trains for some steps while the rate grows by the same factor each step, until the loss
 * diverges, and reads from the curve where it falls. Nothing that is trained is kept.
 *
 * The rules, and the numbers in them, are those of fast.ai 2 (`Learner.lr_find`, `valley`, `steep`): losses are smoothed
 * with 0.98 and corrected for their start, a tenth of the steps at the start and five at the end are left out.
 *
 * @param settings What would be trained, and the range of rates.
 * @returns The losses by rate, and rates to train with.
 * @throws {TypeError} If the model cannot learn the task.
 * @throws {RangeError} If a setting is out of range.
 *
 * @example Usage
 * ```ts
 * import { findLearningRate } from "@unroll/core/training";
 * import { rnn } from "@unroll/models";
 * import { fizzbuzz } from "@unroll/tasks";
 * import { ok } from "node:assert/strict";
 *
 * const { suggestions } = await findLearningRate({
 *   model: rnn({ hidden: 16 }),
 *   task: fizzbuzz(),
 *   device: "cpu",
 * });
 * ok(suggestions.valley! > 1e-4 && suggestions.valley! < 1);
 * ```
 */
export async function findLearningRate(settings: LearningRateSettings): Promise<LearningRateCurve> {
  const { model, seed = 0, from = 1e-7, to = 10, steps = 100, signal } = settings;
  if (![from, to].every(isRate) || from >= to) {
    throw new RangeError(
      `Cannot search from rate ${from} to ${to}: numbers of f32 above 0 are needed, the second the greater`,
    );
  }
  if (!Number.isSafeInteger(steps) || steps < 20) {
    throw new RangeError(`Cannot search in ${steps} steps: a whole number from 20 is needed`);
  }
  const task = await settings.task.create();
  const instance = model.create(task.spec);
  const growth = Math.log(to / from) / (steps - 1);
  // Of the greatest rate, so that the factors of all are at most 1.
  const schedule: Schedule = (step) => step.sub(steps - 1).mul(growth).exp();
  const given = { ...settings, learningRate: to, schedule, steps, warmup: 0, phases: undefined };
  const { phases: _, ...defaults } = task.defaults(model);
  const step = {
    ...resolveSettings(given, defaults),
    task,
    instance,
    seed,
    initialParameters: settings.initialParameters,
  };
  const batch = task.batch(batchRequest(seed, 0));
  checkBatchShape(task.spec, batch, 0);
  const traced = traceStep(step, batch);
  const own = typeof settings.device !== "object";
  const { backend }: OpenedBackend = typeof settings.device === "object"
    ? { backend: settings.device }
    : await openBackendFor(settings.device ?? "auto", () => graphCost(traced.graph), {
      tuning: settings.tuning,
    });
  let trainer: Trainer | undefined;
  try {
    trainer = await Trainer.create({ ...step, traced, backend });
    const points: LearningRatePoint[] = [];
    let [mean, least, diverged] = [0, Infinity, false];
    while (points.length < steps && !diverged && !signal?.aborted) {
      await trainer.advance(1);
      const { loss, failed } = await trainer.readRecent(true);
      if (failed > 0) {
        diverged = true;
        break;
      }
      mean = SMOOTHING * mean + (1 - SMOOTHING) * loss;
      const smoothed = mean / (1 - SMOOTHING ** (points.length + 1));
      const point = { learningRate: from * Math.exp(growth * points.length), loss, smoothed };
      points.push(point);
      settings.onStep?.(point);
      least = Math.min(least, smoothed);
      diverged = smoothed > DIVERGED * least;
    }
    return { points, diverged, suggestions: suggestLearningRates(points, steps) };
  } finally {
    trainer?.dispose();
    if (own) backend.dispose();
  }
}

/**
 * Reads rates to train with from the losses of a search, as fast.ai does.
 *
 * @param points The losses, by their rates.
 * @param steps Steps that there would have been without divergence.
 * @returns The rates; none where the loss never falls.
 *
 * @example Read a curve
 * ```ts
 * import { suggestLearningRates } from "@unroll/core/training";
 * import { ok } from "node:assert/strict";
 *
 * // Falls from 1e-4 to 1e-2, most steeply at 1e-3, then rises.
 * const points = Array.from({ length: 100 }, (_, i) => {
 *   const learningRate = 10 ** (-6 + i * 0.06);
 *   const x = Math.log10(learningRate);
 *   const smoothed = 2 - Math.tanh(2 * (x + 3)) + Math.max(0, x + 1) ** 2;
 *   return { learningRate, loss: smoothed, smoothed };
 * });
 * const { steepest = NaN, valley = NaN } = suggestLearningRates(points, 100);
 * ok(Math.abs(Math.log10(steepest) + 3) < 0.1 && valley > 1e-5 && valley < 1e-2);
 * ```
 */
export function suggestLearningRates(
  points: readonly LearningRatePoint[],
  steps: number,
): LearningRateSuggestions {
  const used = points.slice(Math.floor(steps / 10), -5);
  const losses = used.map(({ smoothed }) => smoothed);
  let steepest = 0;
  for (let i = 1; i < losses.length - 1; i++) {
    // All steps are equal on a logarithmic axis.
    if (losses[i + 1] - losses[i] < losses[steepest + 1] - losses[steepest]) steepest = i;
  }
  const valley = valleyMiddle(losses);
  return {
    ...(valley === undefined ? {} : { valley: used[valley].learningRate }),
    ...(losses[steepest + 1] < losses[steepest] ? { steepest: used[steepest].learningRate } : {}),
  };
}

/**
 * Finds the place in the middle of the longest valley, which fast.ai takes to be the longest falling subsequence; it
 * lies two thirds into it, less half a third.
 */
function valleyMiddle(losses: readonly number[]): number | undefined {
  const lengths = losses.map(() => 1);
  let end = 0;
  for (let i = 1; i < losses.length; i++) {
    for (let j = 0; j < i; j++) {
      if (losses[i] < losses[j] && lengths[i] < lengths[j] + 1) lengths[i] = lengths[j] + 1;
    }
    if (lengths[i] > lengths[end]) end = i;
  }
  if (!(lengths[end] > 1)) return undefined;
  const third = lengths[end] / 3;
  return Math.max(0, end - lengths[end] + Math.trunc(third) + Math.trunc(third / 2));
}

/**
 * Training events as JSON, in snake case: what a run's metrics and `--json` consist of.
 *
 * @module
 */
import type { TrainingEvent, TrainResult } from "../training/events.ts";
import { plainJson } from "../util/json.ts";
import type { MetricsLine } from "./run_folder.ts";

/**
 * Converts a training event to JSON.
 *
 * @param event The event.
 * @returns Its names and numbers; numbers that are not finite are `null`.
 *
 * @example Usage
 * ```ts
 * import { eventLine } from "@unroll/core/runs";
 * import { deepStrictEqual } from "node:assert/strict";
 *
 * const rates = { stepsPerSecond: 40, learningRate: 0.1, gradientNorm: 3, clipped: 1 };
 * const place = { step: 20, steps: 100, isPoint: true };
 * const times = { seconds: 0.5, compiling: 0.1 };
 * const event = { event: "progress", ...place, loss: 2, ...times, ...rates } as const;
 * deepStrictEqual(eventLine(event), {
 *   event: "progress",
 *   step: 20,
 *   loss: 2,
 *   seconds: 0.5,
 *   steps_per_second: 40,
 *   learning_rate: 0.1,
 *   gradient_norm: 3,
 *   clipped: 1,
 * });
 * ```
 */
export function eventLine(event: TrainingEvent): MetricsLine {
  if (event.event === "validation") {
    const { step, validation, best } = event;
    return { event: "validation", step, ...plainJson(validation), best };
  }
  const { step, loss, seconds, stepsPerSecond, learningRate, gradientNorm, clipped } = event;
  return {
    event: "progress",
    ...plainJson({
      step,
      loss,
      seconds,
      steps_per_second: stepsPerSecond,
      learning_rate: learningRate,
      gradient_norm: gradientNorm,
      clipped,
    }),
  };
}

/**
 * Converts the end of training to JSON.
 *
 * @param result What training gave.
 * @returns The event `done`, or `stopped` where a signal ended it, with steps, speed and the best loss.
 *
 * @example Usage
 * ```ts
 * import { endLine } from "@unroll/core/runs";
 * import { train } from "@unroll/core/training";
 * import { rnn } from "@unroll/models";
 * import { xor } from "@unroll/tasks";
 * import { strictEqual } from "node:assert/strict";
 *
 * using trained = await train({ model: rnn({ hidden: 2 }), task: xor(), steps: 10, device: "cpu" });
 * strictEqual(endLine(trained).steps, 10);
 * ```
 */
export function endLine(result: TrainResult): MetricsLine {
  const { steps, seconds, stepsPerSecond, device, loss, error, ended, best } = result;
  return {
    event: ended === "aborted" ? "stopped" : "done",
    ...plainJson({
      steps,
      seconds,
      steps_per_second: stepsPerSecond,
      device,
      loss,
      error,
      ended,
      best_step: best.step,
      metrics: best.validation?.metrics,
    }),
  };
}

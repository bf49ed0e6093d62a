/**
 * Merges the user's settings with the task's defaults.
 *
 * @module
 */
import { formatOptionValue, parseOptions } from "../plugin/options.ts";
import type { Optimizer } from "./optimizer.ts";
import { OPTIMIZERS, SCHEDULES } from "./optimizers.ts";
import { TRAINING_SETTINGS } from "./training_settings.ts";
import { inPhases, productOf, type Schedule, withWarmup } from "./schedules.ts";
import type {
  LearningPhase,
  OptimizerName,
  ScheduleName,
  TrainingDefaults,
} from "../plugin/training_defaults.ts";

/** Settings of training that a user may give; what is left out is as the task recommends. */
export interface TrainingOptions extends Partial<Omit<TrainingDefaults, "optimizer" | "schedule">> {
  /** The optimizer, or its name for its defaults. */
  readonly optimizer?: OptimizerName | Optimizer;
  /** How the learning rate goes, or its name. */
  readonly schedule?: ScheduleName | Schedule;
}

/** Settings of training with nothing left out. */
export interface ResolvedSettings extends
  Omit<
    Required<TrainingDefaults>,
    "optimizer" | "schedule" | "phases" | "stopAtError" | "stopAtLoss"
  >,
  Pick<TrainingDefaults, "phases" | "stopAtError" | "stopAtLoss"> {
  /** The optimizer. */
  readonly optimizer: Optimizer;
  /** How the learning rate goes. */
  readonly schedule: Schedule;
  /** Name of the schedule, `custom` for one that was given as a function. */
  readonly scheduleName: ScheduleName | "custom";
}

/**
 * Merges the user's settings with the task's defaults.
 *
 * Phases of the learning rate that the user gives are the rates that are used: they take the place of the schedule and
 * the warm-up that the task recommends. Those that the user gives too go on top of the phases.
 *
 * @param given The user's settings.
 * @param defaults The task's defaults.
 * @returns All settings.
 * @throws {RangeError} If one is out of range.
 *
 * @example Usage
 * ```ts
 * import { resolveSettings } from "@unroll/core/training";
 * import { deepStrictEqual } from "node:assert/strict";
 *
 * const recommended = { steps: 100, optimizer: "adam" } as const;
 * const { steps, learningRate } = resolveSettings({ steps: 50 }, recommended);
 * deepStrictEqual([steps, learningRate], [50, 0.001]);
 * ```
 */
export function resolveSettings(
  given: TrainingOptions,
  defaults: TrainingDefaults,
): ResolvedSettings {
  const { stopAtError, stopAtLoss } = given;
  // A rule that is given says all of when to stop.
  const rule = stopAtError === undefined && stopAtLoss === undefined
    ? {}
    : { stopAtError, stopAtLoss };
  const all = check(known({ ...known(defaults), ...known(given), ...rule }));
  const recommended = defaults.optimizer ?? "adam";
  const chosen = given.optimizer ?? recommended;
  const optimizer = typeof chosen === "string" ? OPTIMIZERS[chosen].create() : chosen;
  // Phases that are given say all of how the rate goes, and take the place of what is recommended for that.
  const recommendedRate: Pick<TrainingDefaults, "schedule" | "warmup"> = given.phases?.length
    ? {}
    : defaults;
  const schedule = given.schedule ?? recommendedRate.schedule ?? "constant";
  const base = typeof schedule === "string" ? SCHEDULES[schedule]() : schedule;
  // One rate that is given takes the place of phases that are recommended.
  const phases = given.phases ?? (given.learningRate === undefined ? defaults.phases : undefined) ??
    [];
  const warmup = given.warmup ?? recommendedRate.warmup ?? 0;
  const { clip = 0, clipNorm = 0, l2 = 0, best = "error", patience = 0 } = all;
  // A learning rate that suits one optimizer rarely suits another.
  const learningRate = phases.length > 0
    ? Math.max(...phases.map(({ learningRate }) => learningRate))
    : given.learningRate ??
      (optimizer.name === recommended ? defaults.learningRate : undefined) ??
      (isOptimizerName(optimizer.name) ? OPTIMIZERS[optimizer.name].learningRate : 0.001);
  return {
    ...all,
    optimizer,
    schedule: withWarmup(
      phases.length > 0 ? productOf(inPhases(factors(phases, learningRate)), base) : base,
      warmup,
    ),
    scheduleName: typeof schedule === "string" ? schedule : "custom",
    learningRate,
    phases: phases.length > 0 ? phases : undefined,
    warmup,
    clip,
    clipNorm,
    l2,
    validateEvery: all.validateEvery ?? Math.max(1, Math.ceil(all.steps / 20)),
    best,
    patience,
  };
}

function isOptimizerName(name: string): name is OptimizerName {
  return Object.hasOwn(OPTIMIZERS, name);
}

function factors(
  phases: readonly LearningPhase[],
  greatest: number,
): { readonly steps: number; readonly factor: number }[] {
  return phases.map(({ steps, learningRate }) => ({ steps, factor: learningRate / greatest }));
}

/** Returns the settings that are given. */
function known(values: object): object {
  return Object.fromEntries(
    Object.entries(values).filter(([name, value]) =>
      (name in TRAINING_SETTINGS.shape || name === "phases") && value !== undefined
    ),
  );
}

/** Refuses a setting that is out of range, in the words of the command line. */
function check(all: object): TrainingDefaults {
  const { phases = [], ...plain } = all as Readonly<Record<string, unknown>>;
  const named = Object.entries(plain).filter(([name, value]) =>
    // An optimizer or a schedule of one's own is no name.
    !(name === "optimizer" && typeof value === "object") &&
    !(name === "schedule" && typeof value === "function")
  );
  parseOptions(TRAINING_SETTINGS, Object.fromEntries(named));
  if (!Array.isArray(phases)) {
    throw new RangeError(`Cannot use phases ${formatOptionValue(phases)}: a list is needed`);
  }
  const wrong = (phases as LearningPhase[]).find(({ steps, learningRate }) =>
    !Number.isSafeInteger(steps) || steps < 1 || !(learningRate > 0 && learningRate < Infinity)
  );
  if (wrong !== undefined) {
    throw new RangeError(
      `Cannot train in a phase of ${wrong.steps} steps at learning rate ${wrong.learningRate}: ` +
        "a whole number of steps from 1 and a rate above 0 are needed",
    );
  }
  return all as TrainingDefaults;
}

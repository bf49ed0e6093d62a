/**
 * What a user said, and else what a task recommends.
 *
 * @module
 */
import * as z from "zod";
import { formatOptionValue, parseOptions } from "../plugin/options.ts";
import type { Optimizer } from "./optimizer.ts";
import { OPTIMIZERS, SCHEDULES } from "./optimizers.ts";
import { inPhases, productOf, type Schedule, withWarmup } from "./schedules.ts";
import type {
  LearningPhase,
  OptimizerName,
  ScheduleName,
  TrainingDefaults,
} from "../plugin/training_defaults.ts";

/** Settings of training that a user may give; what is left out is as the task recommends. */
export interface GivenSettings extends Partial<Omit<TrainingDefaults, "optimizer" | "schedule">> {
  /** The optimizer, or its name for its defaults. */
  readonly optimizer?: OptimizerName | Optimizer;
  /** How the learning rate goes, or its name. */
  readonly schedule?: ScheduleName | Schedule;
}

/** Settings with nothing left out. */
export interface ResolvedSettings extends Omit<TrainingDefaults, "optimizer" | "schedule"> {
  /** The optimizer. */
  readonly optimizer: Optimizer;
  /** How the learning rate goes. */
  readonly schedule: Schedule;
  /** Name of the schedule, `custom` for one that was given as a function. */
  readonly scheduleName: ScheduleName | "custom";
  /** Learning rate. */
  readonly learningRate: number;
  /** Steps over which the learning rate rises from nothing at the start. */
  readonly warmup: number;
  /** Every gradient element is cut to ± this; 0 for not at all. */
  readonly clip: number;
  /** All gradients together are scaled down to this norm; 0 for not at all. */
  readonly clipNorm: number;
  /** This much of Σw² is added to the loss, over all weights and biases. */
  readonly l2: number;
  /** Steps between validations. */
  readonly validateEvery: number;
  /** What decides which parameters are best. */
  readonly best: "error" | "loss";
}

/** Learning rates that suit most tasks, for optimizers that a task does not recommend one for. */
const LEARNING_RATES: Readonly<Record<string, number>> = {
  sgd: 0.01,
  adam: 0.001,
  adamw: 0.001,
  adagrad: 0.1,
  rmsprop: 0.001,
};

/**
 * What a user said, and else what a task recommends.
 *
 * @param given What a user said.
 * @param defaults What the task recommends.
 * @returns All settings.
 * @throws {RangeError} If one is out of range.
 */
export function resolveSettings(
  given: GivenSettings,
  defaults: TrainingDefaults,
): ResolvedSettings {
  const all = check({ ...known(defaults), ...known(given) });
  const recommended = defaults.optimizer ?? "adam";
  const chosen = given.optimizer ?? recommended;
  const optimizer = typeof chosen === "string" ? OPTIMIZERS[chosen]() : chosen;
  const schedule = given.schedule ?? defaults.schedule ?? "constant";
  const base = typeof schedule === "string" ? SCHEDULES[schedule]() : schedule;
  // One rate that is given takes the place of phases that are recommended.
  const phases = given.phases ?? (given.learningRate === undefined ? defaults.phases : undefined) ??
    [];
  const { warmup = 0, clip = 0, clipNorm = 0, l2 = 0, best = "error" } = all;
  // A learning rate that suits one optimizer rarely suits another.
  const learningRate = phases.length > 0
    ? Math.max(...phases.map(({ learningRate }) => learningRate))
    : given.learningRate ??
      (optimizer.name === recommended ? defaults.learningRate : undefined) ??
      LEARNING_RATES[optimizer.name] ?? 0.001;
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
  };
}

function factors(
  phases: readonly LearningPhase[],
  greatest: number,
): { readonly steps: number; readonly factor: number }[] {
  return phases.map(({ steps, learningRate }) => ({ steps, factor: learningRate / greatest }));
}

/** What the settings may be, but for phases and functions. */
const SETTINGS = z.object({
  steps: z.int().min(1),
  optimizer: z.enum(Object.keys(OPTIMIZERS) as OptimizerName[]).optional(),
  learningRate: z.number().positive().optional(),
  schedule: z.enum(Object.keys(SCHEDULES) as ScheduleName[]).optional(),
  warmup: z.int().min(0).optional(),
  clip: z.number().min(0).optional(),
  clipNorm: z.number().min(0).optional(),
  l2: z.number().min(0).optional(),
  validateEvery: z.int().min(1).optional(),
  best: z.enum(["error", "loss"]).optional(),
  stopAtError: z.number().optional(),
  stopAtLoss: z.number().optional(),
});

/** What is a setting and is given. */
function known(values: object): object {
  return Object.fromEntries(
    Object.entries(values).filter(([name, value]) =>
      (name in SETTINGS.shape || name === "phases") && value !== undefined
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
  parseOptions(SETTINGS, Object.fromEntries(named));
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

/**
 * What a user said, and else what a task recommends.
 *
 * @module
 */
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
  /** This much of Σw² is added to the loss. */
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
  const all = { ...defaults, ...known(given) } as TrainingDefaults;
  const recommended = defaults.optimizer ?? "adam";
  const chosen = given.optimizer ?? recommended;
  const optimizer = typeof chosen === "string" ? OPTIMIZERS[chosen]() : chosen;
  const schedule = given.schedule ?? defaults.schedule ?? "constant";
  const base = typeof schedule === "string" ? SCHEDULES[schedule]() : schedule;
  // A learning rate that suits one optimizer rarely suits another.
  const phases = all.phases ?? [];
  const learningRate = phases.length > 0
    ? Math.max(...phases.map(({ learningRate }) => learningRate))
    : given.learningRate ??
      (optimizer.name === recommended ? defaults.learningRate : undefined) ??
      LEARNING_RATES[optimizer.name] ?? 0.001;
  const { steps } = all;
  if (!Number.isSafeInteger(steps) || steps < 1) {
    throw new RangeError(`Cannot train for ${steps} steps: a whole number from 1 is needed`);
  }
  if (!(learningRate > 0)) {
    throw new RangeError(
      `Cannot train at learning rate ${learningRate}: a number above 0 is needed`,
    );
  }
  return {
    ...all,
    optimizer,
    schedule: withWarmup(
      phases.length > 0 ? productOf(inPhases(factors(phases, learningRate)), base) : base,
      all.warmup ?? 0,
    ),
    scheduleName: typeof schedule === "string" ? schedule : "custom",
    learningRate,
    clip: all.clip || undefined,
    clipNorm: all.clipNorm || undefined,
    l2: all.l2 ?? 0,
    validateEvery: all.validateEvery ?? Math.max(1, Math.ceil(steps / 20)),
    best: all.best ?? "error",
  };
}

function factors(
  phases: readonly LearningPhase[],
  greatest: number,
): { readonly steps: number; readonly factor: number }[] {
  const wrong = phases.find(({ steps, learningRate }) =>
    !Number.isSafeInteger(steps) || steps < 1 || !(learningRate > 0)
  );
  if (wrong !== undefined) {
    throw new RangeError(
      `Cannot train in a phase of ${wrong.steps} steps at learning rate ${wrong.learningRate}: ` +
        "a whole number of steps from 1 and a rate above 0 are needed",
    );
  }
  return phases.map(({ steps, learningRate }) => ({ steps, factor: learningRate / greatest }));
}

const KNOWN: Readonly<Record<keyof TrainingDefaults, true>> = {
  steps: true,
  optimizer: true,
  learningRate: true,
  schedule: true,
  phases: true,
  warmup: true,
  clip: true,
  clipNorm: true,
  l2: true,
  validateEvery: true,
  best: true,
  stopAtError: true,
  stopAtLoss: true,
};

/** What is a setting and is given. */
function known(values: object): object {
  return Object.fromEntries(
    Object.entries(values).filter(([name, value]) => name in KNOWN && value !== undefined),
  );
}

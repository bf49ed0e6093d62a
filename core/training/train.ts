/**
 * `train`: a model, a task and settings become a trained model.
 *
 * @module
 */
import type { Backend, BackendName } from "../backends/backend.ts";
import { openBackend } from "../backends/mod.ts";
import { tensor } from "../ops/creation.ts";
import type { LayerRow, Model } from "../plugin/model.ts";
import type { Predict, Task, TaskInstance, Validation } from "../plugin/task.ts";
import type { Optimizer } from "./optimizer.ts";
import { OPTIMIZERS, SCHEDULES } from "./optimizers.ts";
import { type Schedule, withWarmup } from "./schedules.ts";
import type { OptimizerName, ScheduleName, TrainingDefaults } from "./settings.ts";
import { type TensorMap, Trainer } from "./trainer.ts";

/** Something that happened in training. */
export type TrainingEvent =
  | {
    readonly event: "progress";
    /** Steps done. */
    readonly step: number;
    /** Steps in all. */
    readonly steps: number;
    /** Mean training loss since the last such event. */
    readonly loss: number;
    /** Since the run began. */
    readonly seconds: number;
    /** Lately. */
    readonly stepsPerSecond: number;
    /** Of the last step. */
    readonly learningRate: number;
  }
  | {
    readonly event: "validation";
    /** Steps done. */
    readonly step: number;
    /** What the task measured. */
    readonly validation: Validation;
    /** Whether these parameters are the best so far. */
    readonly best: boolean;
    /** Runs the model as it is now, until training goes on. */
    readonly predict: Predict;
  };

/** What is known when training begins. */
export interface TrainingStart {
  /** All settings. */
  readonly settings: ResolvedSettings;
  /** Where it will be trained. */
  readonly device: BackendName;
  /** What that runs on, in a line. */
  readonly deviceDescription: string;
  /** The task. */
  readonly task: TaskInstance;
  /** The model's layers. */
  readonly layers: readonly LayerRow[];
}

/** Parameters worth keeping. */
export interface BestParameters {
  /** After which step. */
  readonly step: number;
  /** How good they are; absent before the first validation. */
  readonly validation?: Validation;
  /** The parameters, by their names in the model's tree. */
  readonly parameters: TensorMap;
}

/** A run in the middle, to be gone on with later. */
export interface Snapshot {
  /** Steps done. */
  readonly step: number;
  /** Time spent so far, in seconds. */
  readonly seconds: number;
  /** State of training. */
  readonly tensors: TensorMap;
  /** The best so far. */
  readonly best: BestParameters;
}

/** Settings of {@linkcode train}; what is left out is as the task recommends. */
export interface TrainSettings extends Partial<Omit<TrainingDefaults, "optimizer" | "schedule">> {
  /** What learns. */
  readonly model: Model;
  /** What is learned. */
  readonly task: Task;
  /** Seed of parameters, batches and dropout; 0 if left out. */
  readonly seed?: number;
  /** Where to train: a name, or an open device, which stays open; `auto` if left out. */
  readonly device?: BackendName | "auto" | Backend;
  /** The optimizer, or its name for its defaults. */
  readonly optimizer?: OptimizerName | Optimizer;
  /** How the learning rate goes, or its name. */
  readonly schedule?: ScheduleName | Schedule;
  /** Is told what is about to be trained, before the first step; training waits for it. */
  readonly begin?: (start: TrainingStart) => void | Promise<void>;
  /** Is told what happens; training waits for it. */
  readonly report?: (event: TrainingEvent) => void | Promise<void>;
  /**
   * Is given the state of training after every validation, and where it was ended early, to keep it: a
   * function that copies all of it, whether it is the best so far, and the best parameters.
   */
  readonly keep?: (
    snapshot: () => Promise<Snapshot>,
    isBest: boolean,
    best: BestParameters,
  ) => Promise<void>;
  /** Ends training early, with what there is. */
  readonly signal?: AbortSignal;
  /** A run to go on with. */
  readonly resume?: Snapshot;
}

/** A trained model. */
export interface TrainResult extends Disposable {
  /** Steps done. */
  readonly steps: number;
  /** Time from start to end. */
  readonly seconds: number;
  /** Steps by the time spent on them: without compiling and validating. */
  readonly stepsPerSecond: number;
  /** What it was trained on. */
  readonly device: BackendName;
  /** Validation loss of the best parameters. */
  readonly loss: number;
  /** Share of wrong answers of the best parameters, where the task counts them. */
  readonly error?: number;
  /** The best parameters and all that was measured of them. */
  readonly best: BestParameters;
  /** Why it ended: all steps were done, it was good enough, or the signal came. */
  readonly ended: "steps" | "good" | "aborted";
  /** The task. */
  readonly task: TaskInstance;
  /** The model's layers. */
  readonly layers: readonly LayerRow[];
  /** Runs the model with the best parameters. */
  readonly predict: Predict;
  /** Where training ended, to go on from. */
  readonly snapshot: () => Promise<Snapshot>;
  /** Frees everything, and closes the device if `train` opened it. */
  dispose(): void;
}

/** Training that came to numbers that are not finite. */
export class DivergenceError extends RangeError {
  /** The first step whose loss was not finite. */
  readonly step: number;
  /** The best parameters before that. */
  readonly best: BestParameters;

  /** Made by {@linkcode train}. */
  constructor(message: string, step: number, best: BestParameters) {
    super(message);
    this.name = "DivergenceError";
    this.step = step;
    this.best = best;
  }
}

/** Time between two looks at the loss, in milliseconds: each look costs about 11 on a GPU. */
const LOOK = 100;

/**
 * Trains a model on a task.
 *
 * @param settings What to train, on what, and how.
 * @returns The trained model; dispose of it when it is not needed any more.
 * @throws {TypeError} If the model cannot learn the task.
 * @throws {RangeError} If a setting is out of range or the device cannot be had.
 * @throws {DivergenceError} If the loss stops being finite.
 *
 * @example Usage
 * ```ts ignore
 * import { train } from "@unroll/core";
 * import { rnn } from "@unroll/models";
 * import { fizzbuzz } from "@unroll/tasks";
 *
 * using trained = await train({ model: rnn({ hidden: 16 }), task: fizzbuzz() });
 * console.log(trained.error);
 * ```
 */
export async function train(settings: TrainSettings): Promise<TrainResult> {
  const started = performance.now();
  const { model, resume, signal } = settings;
  const task = await settings.task.create();
  const instance = model.create(task.spec);
  const chosen = resolveSettings(settings, task.defaults(model));
  const own = typeof settings.device !== "object";
  const backend = typeof settings.device === "object"
    ? settings.device
    : await openBackend(settings.device);
  let trainer: Trainer | undefined;
  const close = () => {
    trainer?.dispose();
    if (own) backend.dispose();
  };
  try {
    trainer = await Trainer.create({
      ...chosen,
      backend,
      task,
      instance,
      seed: settings.seed ?? 0,
      resume: resume?.tensors,
    });
    await settings.begin?.({
      settings: chosen,
      device: backend.name,
      deviceDescription: backend.description,
      task,
      layers: instance.layers,
    });
    const loop = new Loop(trainer, chosen, settings, started);
    loop.best = resume?.best ?? { step: trainer.step, parameters: await trainer.parameters() };
    const ended = await loop.run(signal);
    const { best, seconds } = loop;
    return {
      steps: trainer.step,
      seconds,
      stepsPerSecond: loop.stepsPerSecond,
      device: backend.name,
      loss: best.validation?.loss ?? NaN,
      error: best.validation?.error,
      best,
      ended,
      task,
      layers: instance.layers,
      predict: trainer.frozen(best.parameters),
      snapshot: () => loop.snapshot(),
      dispose: close,
      [Symbol.dispose]: close,
    };
  } catch (error) {
    close();
    throw error;
  }
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
  given: Partial<Pick<TrainSettings, keyof TrainingDefaults>>,
  defaults: TrainingDefaults,
): ResolvedSettings {
  const all = { ...defaults, ...known(given) } as TrainingDefaults;
  const recommended = defaults.optimizer ?? "adam";
  const chosen = given.optimizer ?? recommended;
  const optimizer = typeof chosen === "string" ? OPTIMIZERS[chosen]() : chosen;
  const schedule = given.schedule ?? defaults.schedule ?? "constant";
  const base = typeof schedule === "string" ? SCHEDULES[schedule]() : schedule;
  // A learning rate that suits one optimizer rarely suits another.
  const learningRate = given.learningRate ??
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
    schedule: withWarmup(base, all.warmup ?? 0),
    scheduleName: typeof schedule === "string" ? schedule : "custom",
    learningRate,
    l2: all.l2 ?? 0,
    validateEvery: all.validateEvery ?? Math.max(1, Math.ceil(steps / 20)),
    best: all.best ?? "error",
  };
}

const KNOWN: Readonly<Record<keyof TrainingDefaults, true>> = {
  steps: true,
  optimizer: true,
  learningRate: true,
  schedule: true,
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

/** The loop over steps, with its clock. */
class Loop {
  best!: BestParameters;
  readonly #trainer: Trainer;
  readonly #chosen: ResolvedSettings;
  readonly #settings: TrainSettings;
  readonly #started: number;
  readonly #first: number;
  /** Milliseconds spent on steps. */
  #training = 0;
  #rate = 0;

  constructor(
    trainer: Trainer,
    chosen: ResolvedSettings,
    settings: TrainSettings,
    started: number,
  ) {
    this.#trainer = trainer;
    this.#chosen = chosen;
    this.#settings = settings;
    this.#started = started;
    this.#first = trainer.step;
  }

  get seconds(): number {
    const before = this.#settings.resume?.seconds ?? 0;
    return before + (performance.now() - this.#started) / 1000;
  }

  get stepsPerSecond(): number {
    const spent = (this.#training - this.#trainer.compiling) / 1000;
    return spent > 0 ? (this.#trainer.step - this.#first) / spent : 0;
  }

  async snapshot(): Promise<Snapshot> {
    const step = this.#trainer.step;
    const { seconds, best } = this;
    return { step, seconds, tensors: await this.#trainer.snapshot(), best };
  }

  async run(signal: AbortSignal | undefined): Promise<TrainResult["ended"]> {
    const trainer = this.#trainer;
    const { steps, validateEvery } = this.#chosen;
    let chunk = 1;
    let ended: TrainResult["ended"] = "steps";
    let validated = -1;
    while (trainer.step < steps && ended === "steps") {
      const boundary = Math.min(
        steps,
        (Math.floor(trainer.step / validateEvery) + 1) * validateEvery,
      );
      chunk = await this.#runTo(boundary, chunk, signal);
      if (trainer.step === boundary) {
        const validation = await this.#validate();
        validated = trainer.step;
        if (this.#isGood(validation)) ended = "good";
      }
      if (signal?.aborted && trainer.step < steps && ended === "steps") ended = "aborted";
    }
    if (ended === "aborted") {
      // A validation out of turn could make a best that a run in one go would not have.
      if (validated !== trainer.step) {
        await this.#settings.keep?.(() => this.snapshot(), false, this.best);
      }
    } else if (validated !== trainer.step && trainer.step > 0) await this.#validate();
    return ended;
  }

  /** Trains up to a step, looking at the loss now and then while the next steps already run. */
  async #runTo(boundary: number, chunk: number, signal: AbortSignal | undefined): Promise<number> {
    const trainer = this.#trainer;
    let pending: (() => Promise<void>) | undefined;
    while (trainer.step < boundary && !signal?.aborted) {
      const begun = performance.now();
      const compiling = trainer.compiling;
      const count = Math.min(chunk, boundary - trainer.step);
      await trainer.advance(count);
      const step = trainer.step;
      const reading = trainer.read();
      await pending?.();
      const elapsed = performance.now() - begun;
      this.#training += elapsed;
      const steady = Math.max(0.01, elapsed - (trainer.compiling - compiling));
      this.#rate = count / steady * 1000;
      // A chunk that a boundary cut short says little about how long chunks should be.
      if (count === chunk) {
        chunk = Math.max(1, Math.min(chunk * 4, Math.round(count * LOOK / steady)));
      }
      pending = async () => {
        const { loss, failed } = await reading;
        if (failed > 0) throw this.#diverged(failed);
        this.#lossSum += loss * count;
        this.#lossSteps += count;
        await this.#progress(step);
      };
      await turn();
    }
    const begun = performance.now();
    await pending?.();
    this.#training += performance.now() - begun;
    return chunk;
  }

  #reported = -Infinity;
  #lossSum = 0;
  #lossSteps = 0;

  async #progress(step: number): Promise<void> {
    const { report } = this.#settings;
    const now = performance.now();
    // Short chunks at the start are told of once, then not more often than a person can read.
    if (!report || (now - this.#reported < LOOK / 2 && step < this.#chosen.steps)) return;
    this.#reported = now;
    const loss = this.#lossSum / this.#lossSteps;
    this.#lossSum = this.#lossSteps = 0;
    const { learningRate, schedule, steps } = this.#chosen;
    await report({
      event: "progress",
      step,
      steps,
      loss,
      seconds: this.seconds,
      stepsPerSecond: this.#rate,
      learningRate: learningRate * await schedule(tensor(Math.max(0, step - 1)), steps).item(),
    });
  }

  async #validate(): Promise<Validation> {
    const trainer = this.#trainer;
    const validation = await trainer.validate();
    const best = this.#isBetter(validation, this.best.validation);
    if (best) {
      this.best = { step: trainer.step, validation, parameters: await trainer.parameters() };
    }
    await this.#settings.report?.({
      event: "validation",
      step: trainer.step,
      validation,
      best,
      predict: (request) => trainer.predict(request),
    });
    await this.#settings.keep?.(() => this.snapshot(), best, this.best);
    return validation;
  }

  #isBetter(found: Validation, best: Validation | undefined): boolean {
    if (!Number.isFinite(found.loss)) return false;
    if (!best) return true;
    if (this.#chosen.best === "error" && found.error !== best.error) {
      return (found.error ?? Infinity) < (best.error ?? Infinity);
    }
    return found.loss < best.loss;
  }

  #isGood({ error, loss }: Validation): boolean {
    const { stopAtError, stopAtLoss } = this.#chosen;
    if (stopAtError === undefined && stopAtLoss === undefined) return false;
    return (stopAtError === undefined || (error ?? Infinity) <= stopAtError) &&
      (stopAtLoss === undefined || loss <= stopAtLoss);
  }

  #diverged(step: number): DivergenceError {
    const { learningRate, clip, clipNorm } = this.#chosen;
    const clipping = clip === undefined && clipNorm === undefined
      ? ", or clip the gradients to norm 1"
      : "";
    const kept = this.best.validation
      ? `the best parameters, of step ${this.best.step}, are kept`
      : "the parameters before training are kept";
    return new DivergenceError(
      `Cannot go on training: the loss of step ${step} is not finite; try a learning rate below ` +
        `${learningRate}, such as ${
          Number((learningRate / 10).toPrecision(2))
        }${clipping}; ${kept}`,
      step,
      this.best,
    );
  }
}

/** Lets signals, timers and writes have their turn, which promises alone do not. */
function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

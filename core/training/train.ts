/**
 * `train`: a model, a task and settings become a trained model.
 *
 * @module
 */
import type { Backend, BackendName } from "../ir/backend.ts";
import { openBackendFor, type OpenedBackend } from "../backends/open.ts";
import type { TuningCache } from "../backends/webgpu.ts";
import { graphCost } from "../passes/cost.ts";
import type { Model, Tree } from "../plugin/model.ts";
import type { Task } from "../plugin/task.ts";
import { nearestName, unknownName } from "../util/names.ts";
import { checkBatchShape } from "./check_contract.ts";
import type { Snapshot, TrainingCallbacks, TrainingStart, TrainResult } from "./events.ts";
import { resolveSettings, type TrainingOptions } from "./resolve_settings.ts";
import { batchRequest, traceStep } from "./trace_step.ts";
import { TRAINING_SETTINGS } from "./training_settings.ts";
import { Trainer } from "./trainer.ts";
import { TrainingLoop } from "./training_loop.ts";

/** Settings of {@linkcode train}; what is left out is as the task recommends. */
export interface TrainSettings extends TrainingOptions {
  /** What learns. */
  readonly model: Model;
  /** What is learned. */
  readonly task: Task;
  /** Seed of parameters, batches and dropout; 0 if left out. */
  readonly seed?: number;
  /** Where to train: a name, or an open device, which stays open; `auto` if left out. */
  readonly device?: BackendName | "auto" | Backend;
  /** Keeps what is measured of a GPU that `train` opens; without one nothing is measured. */
  readonly tuning?: TuningCache;
  /** Called on the way, each in its turn. */
  readonly callbacks?: readonly TrainingCallbacks[];
  /** Ends training early, with what there is. */
  readonly signal?: AbortSignal;
  /** The step after which it ends as if the signal came just then. */
  readonly until?: number;
  /**
   * Makes the parameters to begin with, given those that the seed makes, such as
   * `(made) => loadWeights(made, decodeSafetensors(bytes))`. A run that is resumed has its own.
   */
  readonly initialParameters?: (made: Tree) => Tree;
  /** The state of a run to resume. */
  readonly resume?: Snapshot;
}

/**
 * Trains a model on a task.
 *
 * @param settings What to train, on what, and how.
 * @returns The trained model; dispose of it when it is not needed any more.
 * @throws {TypeError} If there is no model or no task, or the model cannot learn the task or begins with
 *   parameters of another.
 * @throws {RangeError} If a setting is unknown or out of range, or the device cannot be had.
 * @throws {DivergenceError} If the loss stops being finite.
 *
 * @example Usage
 * ```ts
 * import { train } from "@unroll/core/training";
 * import { rnn } from "@unroll/models";
 * import { fizzbuzz } from "@unroll/tasks";
 *
 * using trained = await train({ model: rnn({ hidden: 16 }), task: fizzbuzz(), steps: 20 });
 * console.log(trained.error);
 * ```
 */
export async function train(settings: TrainSettings): Promise<TrainResult> {
  checkSettings(settings);
  const { callbacks = [] } = settings;
  let result: TrainResult | undefined;
  try {
    result = await trainToEnd(settings, callbacks);
    for (const callback of callbacks) await callback.onEnd?.(result);
    return result;
  } catch (error) {
    result?.dispose();
    for (const callback of callbacks) await callback.onError?.(error);
    throw error;
  }
}

/** Names of the settings that are none of a task's recommendations. */
const OWN_SETTINGS: readonly (keyof TrainSettings)[] = [
  "model",
  "task",
  "seed",
  "device",
  "tuning",
  "callbacks",
  "signal",
  "until",
  "initialParameters",
  "resume",
  "phases",
];

/**
 * Refuses what types would refuse: no model or task, one that is not configured, a name that is misspelt. Other names are
 * left alone: programs pass on what optimizers and folders are made of.
 */
function checkSettings(settings: TrainSettings): void {
  for (const kind of ["model", "task"] as const) {
    const found: unknown = settings?.[kind];
    if (typeof (found as Partial<Model | Task> | undefined)?.create === "function") continue;
    const isUncalled = typeof found === "function";
    throw new TypeError(
      `Cannot train: a ${kind} is needed, such as ${kind === "model" ? "rnn()" : "xor()"}, found ${
        isUncalled ? "a function that was not called" : found === null ? "null" : typeof found
      }`,
    );
  }
  const known = [...OWN_SETTINGS, ...Object.keys(TRAINING_SETTINGS.shape)];
  const wrong = Object.keys(settings).find((name) =>
    !known.includes(name) && nearestName(name, known) !== undefined
  );
  if (wrong !== undefined) throw new RangeError(unknownName("setting", wrong, known));
}

async function trainToEnd(
  settings: TrainSettings,
  callbacks: readonly TrainingCallbacks[],
): Promise<TrainResult> {
  const started = performance.now();
  const { model, resume, seed = 0 } = settings;
  const task = await settings.task.create();
  const instance = model.create(task.spec);
  const recommended = task.defaults(model);
  const resolved = resolveSettings(settings, recommended);
  const initialParameters = resume ? undefined : settings.initialParameters;
  const step = { ...resolved, task, instance, seed, initialParameters };
  const first = resume?.step ?? 0;
  const batch = task.batch(batchRequest(seed, first));
  checkBatchShape(task.spec, batch, first);
  const traced = traceStep(step, batch);
  const own = typeof settings.device !== "object";
  const { backend, reason }: OpenedBackend = typeof settings.device === "object"
    ? { backend: settings.device }
    : await openBackendFor(settings.device ?? "auto", () => graphCost(traced.graph), {
      tuning: settings.tuning,
    });
  let trainer: Trainer | undefined;
  const dispose = () => {
    trainer?.dispose();
    if (own) backend.dispose();
  };
  try {
    const made = trainer = await Trainer.create({
      ...step,
      traced,
      backend,
      resume: resume?.tensors,
    });
    const start: TrainingStart = {
      step: trainer.step,
      settings: resolved,
      recommended,
      device: backend.name,
      deviceDescription: backend.description,
      deviceReason: reason,
      task,
      layers: instance.layers,
      predict: (request) => made.predict(request),
    };
    for (const callback of callbacks) await callback.onStart?.(start);
    const loop = new TrainingLoop(trainer, resolved, callbacks, started, resume?.seconds);
    loop.best = resume?.best ?? { step: trainer.step, parameters: await trainer.parameters() };
    const ended = await loop.run(settings.signal, settings.until);
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
      ...(loop.last === undefined ? {} : { last: loop.last }),
      task,
      layers: instance.layers,
      predict: trainer.frozen(best.parameters),
      snapshot: () => loop.snapshot(),
      dispose,
      [Symbol.dispose]: dispose,
    };
  } catch (error) {
    dispose();
    throw error;
  }
}

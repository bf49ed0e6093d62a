/**
 * `train`: a model, a task and settings become a trained model.
 *
 * @module
 */
import type { Backend, BackendName } from "../ir/backend.ts";
import { openBackendFor, type OpenedBackend } from "../backends/open.ts";
import type { TuningCache } from "../backends/webgpu.ts";
import type { LayerRow, Model } from "../plugin/model.ts";
import type { Predict, Task, TaskInstance } from "../plugin/task.ts";
import type { BestParameters, Snapshot, TrainingStart } from "./events.ts";
import { type GivenSettings, resolveSettings } from "./resolve_settings.ts";
import { estimateStep } from "./step_form.ts";
import { Trainer } from "./trainer.ts";
import { type Ending, type LoopListeners, TrainingLoop } from "./training_loop.ts";

/** Settings of {@linkcode train}; what is left out is as the task recommends. */
export interface TrainSettings extends GivenSettings, LoopListeners {
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
  /** Is told what is about to be trained, before the first step; training waits for it. */
  readonly begin?: (start: TrainingStart) => void | Promise<void>;
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
  readonly ended: Ending;
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
 * import { train } from "@unroll/core/training";
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
  const seed = settings.seed ?? 0;
  const { backend, reason }: OpenedBackend = typeof settings.device === "object"
    ? { backend: settings.device }
    : await openBackendFor(
      settings.device ?? "auto",
      () => estimateStep({ ...chosen, task, instance, seed }),
      { tuning: settings.tuning },
    );
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
      seed,
      resume: resume?.tensors,
    });
    await settings.begin?.({
      settings: chosen,
      device: backend.name,
      deviceDescription: backend.description,
      deviceReason: reason,
      task,
      layers: instance.layers,
    });
    const loop = new TrainingLoop(trainer, chosen, settings, started, resume?.seconds);
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

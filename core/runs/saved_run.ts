/**
 * `trainAndSave`: training whose configuration, metrics and checkpoints go into a run's folder.
 *
 * @module
 */
import {
  type Checkpoint,
  fromStored,
  type JsonRecord,
  type RunConfig,
  toStored,
} from "./checkpoint.ts";
import type { Validation } from "../plugin/task.ts";
import type { DType, TensorType } from "../ir/tensor_type.ts";
import { createRun, resumeRun, type RunFolder } from "./run_folder.ts";
import type { SafetensorsDType, StoredTensor } from "./safetensors.ts";
import {
  type BestParameters,
  DivergenceError,
  type Snapshot,
  type TrainingEvent,
  type TrainingStart,
} from "../training/events.ts";
import { resolveSettings } from "../training/resolve_settings.ts";
import { train, type TrainResult, type TrainSettings } from "../training/train.ts";
import type { HostTensor, TensorMap } from "../training/trainer.ts";
import { changedSettings, trainingRecord } from "../training/training_record.ts";

/** Settings of {@linkcode trainAndSave}. */
export interface SavedTrainSettings extends TrainSettings {
  /** The folder that the run's own is made in; `runs` if left out. */
  readonly out?: string;
  /**
   * A run to go on in, in place of a new one; give `resume` too. Until the first new checkpoint the
   * folder stays as it is.
   */
  readonly run?: RunFolder;
  /** What finds the model again, such as a path; its name if left out. */
  readonly modelName?: string;
  /** What finds the task again; its name if left out. */
  readonly taskName?: string;
  /** Seconds from one writing of the same checkpoint to the next, at least; 2 if left out. */
  readonly saveEvery?: number;
  /** Version of Unroll for the record. */
  readonly version: string;
  /** Is told of the run's folder before the first step. */
  readonly opened?: (run: RunFolder, start: TrainingStart) => void | Promise<void>;
}

/** A trained model and where it was saved. */
export interface SavedTrainResult extends TrainResult {
  /** Its folder. */
  readonly run: RunFolder;
}

/** Least time between two writings of the same checkpoint, in seconds: each waits for the disk. */
const SAVE_EVERY = 2;

/**
 * Trains a model on a task and saves the run: its configuration at once, metrics as they come, the best
 * and last checkpoints now and then and at the end, also when training fails or is stopped.
 *
 * @param settings What to train and where to save it.
 * @returns The trained model and its folder.
 * @throws {RangeError} If the folder cannot be made, before anything is trained; and as `train`.
 *
 * @example Usage
 * ```ts ignore
 * using trained = await trainAndSave({ model: rnn(), task: fizzbuzz(), version: "0.1.0" });
 * console.log(trained.run.path);
 * ```
 */
export async function trainAndSave(settings: SavedTrainSettings): Promise<SavedTrainResult> {
  let writer: Writer | undefined;
  try {
    const result = await train({
      ...settings,
      async begin(start) {
        await settings.begin?.(start);
        const run = settings.run === undefined
          ? await createRun(configOf(settings, start), { root: settings.out })
          : await resumeRun(
            settings.run,
            changedConfig(settings.run.config, start, settings.resume?.step ?? 0),
            settings.resume?.step ?? 0,
          );
        writer = new Writer(run, settings.saveEvery ?? SAVE_EVERY);
        await settings.opened?.(run, start);
      },
      async report(event) {
        await writer?.report(event);
        await settings.report?.(event);
      },
      async keep(snapshot, isBest, best) {
        await writer?.keep(snapshot, best);
        await settings.keep?.(snapshot, isBest, best);
      },
    });
    try {
      const { run } = writer as Writer;
      await (writer as Writer).finish(await result.snapshot());
      await run.appendMetrics(doneLine(result));
      return { ...result, run };
    } catch (error) {
      result.dispose();
      throw error;
    }
  } catch (error) {
    await writer?.rescue(error instanceof DivergenceError ? error.best : undefined);
    throw error;
  }
}

/** Writes checkpoints and metrics, not more often than is useful. */
class Writer {
  readonly run: RunFolder;
  readonly #interval: number;
  #best: BestParameters | undefined;
  #bestWritten: BestParameters | undefined;
  #bestTime = -Infinity;
  #lastTime = performance.now();

  constructor(run: RunFolder, saveEvery: number) {
    this.run = run;
    this.#interval = saveEvery * 1000;
  }

  async report(event: TrainingEvent): Promise<void> {
    await this.run.appendMetrics(metricsLine(event));
  }

  async keep(snapshot: () => Promise<Snapshot>, best: BestParameters): Promise<void> {
    this.#best = best;
    const now = performance.now();
    if (now - this.#bestTime >= this.#interval) await this.#writeBest();
    if (now - this.#lastTime >= this.#interval) await this.#writeLast(await snapshot());
  }

  async finish(snapshot: Snapshot): Promise<void> {
    this.#best = snapshot.best;
    await this.#writeBest();
    await this.#writeLast(snapshot);
  }

  /** Training failed: what was best goes to disk after all. */
  async rescue(best: BestParameters | undefined): Promise<void> {
    this.#best = best ?? this.#best;
    await this.#writeBest();
  }

  async #writeBest(): Promise<void> {
    const best = this.#best;
    if (!best || best === this.#bestWritten) return;
    await this.run.saveCheckpoint("best", {
      config: this.run.config,
      step: best.step,
      progress: progressOf(best),
      tensors: stored(best.parameters, "parameters."),
    });
    this.#bestWritten = best;
    this.#bestTime = performance.now();
  }

  async #writeLast(snapshot: Snapshot): Promise<void> {
    await this.run.saveCheckpoint("last", {
      config: this.run.config,
      step: snapshot.step,
      progress: {
        best_step: snapshot.best.step,
        seconds: snapshot.seconds,
        ...progressOf(snapshot.best),
      },
      tensors: new Map([
        ...stored(snapshot.tensors, ""),
        ...stored(snapshot.best.parameters, "best."),
      ]),
    });
    this.#lastTime = performance.now();
  }
}

/**
 * What a `last` checkpoint says of the state of training, to go on from.
 *
 * @param checkpoint What was read.
 * @returns What {@linkcode TrainSettings.resume} takes.
 * @throws {RangeError} If it lacks what is needed, as a `best` one does.
 */
export function snapshotOf(checkpoint: Checkpoint): Snapshot {
  const all = [...checkpoint.tensors].map(([name, tensor]) =>
    [name, hostTensor(name, tensor)] as const
  );
  const best = all.filter(([name]) => name.startsWith("best."));
  if (best.length === 0 || !checkpoint.tensors.has("step")) {
    throw new RangeError(
      "Cannot go on from this checkpoint: it holds parameters only, the last one of a run is needed",
    );
  }
  const { best_step, seconds, validation } = checkpoint.progress;
  return {
    step: checkpoint.step,
    seconds: Number(seconds ?? 0),
    tensors: new Map(all.filter(([name]) => !name.startsWith("best."))),
    best: {
      step: Number(best_step),
      parameters: new Map(best.map(([name, tensor]) => [name.slice("best.".length), tensor])),
      ...(validation ? { validation: validation as unknown as Validation } : {}),
    },
  };
}

/**
 * The parameters in a checkpoint, best or last.
 *
 * @param checkpoint What was read.
 * @returns Parameters by their names in the model's tree.
 */
export function parametersOf(checkpoint: Checkpoint): TensorMap {
  const prefix = "parameters.";
  return new Map(
    [...checkpoint.tensors].filter(([name]) => name.startsWith(prefix)).map((
      [name, tensor],
    ) => [name.slice(prefix.length), hostTensor(name, tensor)]),
  );
}

const DTYPES: Readonly<Partial<Record<SafetensorsDType, DType>>> = {
  F32: "f32",
  I32: "i32",
  U32: "u32",
  BOOL: "bool",
};

function hostTensor(name: string, tensor: StoredTensor): HostTensor {
  const dtype = DTYPES[tensor.dtype];
  if (!dtype) {
    throw new TypeError(
      `Cannot load "${name}": f32, i32, u32 or bool is needed, found ${tensor.dtype}`,
    );
  }
  const type: TensorType = { dtype, shape: tensor.shape };
  return { type, data: fromStored(new Map([[name, tensor]]), name, type) };
}

function stored(tensors: TensorMap, prefix: string): Map<string, StoredTensor> {
  return new Map(
    [...tensors].map(([name, { type, data }]) => [prefix + name, toStored(type, data)]),
  );
}

function progressOf({ validation }: BestParameters): JsonRecord {
  return validation ? { validation: clean(validation) } : {};
}

/** Only what JSON can say. */
function clean(value: object): JsonRecord {
  return JSON.parse(JSON.stringify(value)) as JsonRecord;
}

/**
 * What decides a run, but for its device: found without training it.
 *
 * @param settings What would be trained.
 * @returns The configuration that {@linkcode trainAndSave} would keep.
 * @throws {RangeError} If a setting is out of range.
 */
export async function planRun(settings: SavedTrainSettings): Promise<Omit<RunConfig, "device">> {
  const task = await settings.task.create();
  const resolved = resolveSettings(settings, task.defaults(settings.model));
  return planOf(settings, { task, settings: resolved });
}

function planOf(
  settings: SavedTrainSettings,
  start: Pick<TrainingStart, "task" | "settings">,
): Omit<RunConfig, "device"> {
  const { model, task } = settings;
  return {
    version: settings.version,
    model: { name: settings.modelName ?? model.plugin.name, options: clean(model.options) },
    task: {
      name: settings.taskName ?? task.plugin.name,
      options: clean(start.task.options ?? task.options),
    },
    training: trainingRecord(start.settings),
    seed: settings.seed ?? 0,
  };
}

function configOf(settings: SavedTrainSettings, start: TrainingStart): RunConfig {
  const { device, deviceDescription } = start;
  return { ...planOf(settings, start), device, deviceDescription };
}

/** What decides a run that goes on: its own, but for what is otherwise from now on. */
function changedConfig(config: RunConfig, start: TrainingStart, step: number): RunConfig {
  const training = trainingRecord(start.settings);
  const { device, before = [] } = config;
  const isSame = start.device === device &&
    changedSettings(config.training, training).length === 0;
  return {
    ...config,
    training,
    ...(start.device === device
      ? {}
      : { device: start.device, deviceDescription: start.deviceDescription }),
    // What was changed before a step was done was never in use.
    ...(isSame || step === (before.at(-1)?.step ?? 0)
      ? {}
      : { before: [...before, { step, training: config.training, device }] }),
  };
}

function metricsLine(event: TrainingEvent): JsonRecord & { readonly event: string } {
  if (event.event === "validation") {
    const { step, validation, best } = event;
    return { event: "validation", step, ...clean(validation), best };
  }
  const { step, loss, seconds, stepsPerSecond, learningRate } = event;
  return {
    event: "progress",
    step,
    loss,
    seconds,
    steps_per_second: stepsPerSecond,
    learning_rate: learningRate,
  };
}

function doneLine(result: TrainResult): JsonRecord & { readonly event: string } {
  const { steps, seconds, stepsPerSecond, device, loss, error, ended, best } = result;
  return {
    event: ended === "aborted" ? "stopped" : "done",
    steps,
    seconds,
    steps_per_second: stepsPerSecond,
    device,
    loss,
    ...(error === undefined ? {} : { error }),
    ended,
    best_step: best.step,
    ...(best.validation?.metrics ? { metrics: { ...best.validation.metrics } } : {}),
  };
}

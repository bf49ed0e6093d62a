/**
 * Training whose configuration, metrics and checkpoints go into a run's folder.
 *
 * @module
 */
import {
  type Checkpoint,
  fromStored,
  type RunConfig,
  toStored,
  type WeightsOrigin,
} from "./checkpoint.ts";
import { type JsonRecord, plainJson } from "../util/json.ts";
import { endLine, eventLine } from "./event_line.ts";
import type { Validation } from "../plugin/task.ts";
import type { DType, TensorType } from "../ir/tensor_type.ts";
import { createRun, type MetricsLine, resumeRun, type RunFolder } from "./run_folder.ts";
import type { SafetensorsDType, StoredTensor } from "./safetensors.ts";
import {
  type BestParameters,
  DivergenceError,
  type Snapshot,
  type TrainingCallbacks,
  type TrainingCheckpoint,
  type TrainingEvent,
  type TrainingStart,
  type TrainResult,
} from "../training/events.ts";
import { resolveSettings } from "../training/resolve_settings.ts";
import { train, type TrainSettings } from "../training/train.ts";
import type { HostTensor, TensorMap } from "../training/trainer.ts";
import { changedSettings, trainingRecord } from "../training/training_record.ts";

/** Callbacks of training that is saved. */
export interface RunCallbacks extends TrainingCallbacks {
  /** Called when the run has its folder, before `onStart`. */
  readonly onRunCreated?: (run: RunFolder, start: TrainingStart) => void | Promise<void>;
}

/** Settings of {@linkcode trainAndSave}. */
export interface SavedTrainSettings extends TrainSettings {
  /** The folder that the run's own is made in; `runs` if left out. */
  readonly out?: string;
  /** What the run and its folder are called; the folder's name says date, task, model and seed if left out. */
  readonly name?: string;
  /** What the run alone is called, and not its folder; `name` if left out. */
  readonly title?: string;
  /** The name of the recipe that the settings are of, for the record. */
  readonly recipe?: string;
  /**
   * A run to go on in, in place of a new one; give `resume` too. Until the first new checkpoint the
   * folder stays as it is.
   */
  readonly run?: RunFolder;
  /** Whether that goes on with other options of its task, such as a text in another place, and keeps them. */
  readonly otherTask?: boolean;
  /** What finds the model again, such as a path; its name if left out. */
  readonly modelName?: string;
  /** What finds the task again; its name if left out. */
  readonly taskName?: string;
  /** The absolute path of the model's module, if it came from a file. */
  readonly modelPath?: string;
  /** The absolute path of the task's module, if it came from a file. */
  readonly taskPath?: string;
  /** Where `initialParameters` are from, for the record. */
  readonly from?: WeightsOrigin;
  /** Seconds from one writing of the same checkpoint to the next, at least; 2 if left out. */
  readonly saveEvery?: number;
  /** Version of Unroll for the record. */
  readonly version: string;
  /** Called on the way, each in its turn, after what happened is saved. */
  readonly callbacks?: readonly RunCallbacks[];
}

/** A trained model and where it was saved. */
export interface SavedTrainResult extends TrainResult {
  /** Its folder. */
  readonly run: RunFolder;
}

/** Least seconds between two writings of the same checkpoint: each waits for the disk. */
const SAVE_INTERVAL = 2;

/** Milliseconds from one writing of points to the next, at least: fast runs have thousands a second. */
const LINES_INTERVAL_MS = 100;

/**
 * Trains a model on a task and saves the run: `train` with a {@linkcode RunWriter} before the other
 * callbacks.
 *
 * @param settings What to train and where to save it.
 * @returns The trained model and its folder.
 * @throws {RangeError} If the folder cannot be made, before anything is trained; and as `train`.
 *
 * @example Usage
 * ```ts
 * import { trainAndSave } from "@unroll/core/runs";
 * import { rnn } from "@unroll/models";
 * import { xor } from "@unroll/tasks";
 *
 * const out = await Deno.makeTempDir();
 * using trained = await trainAndSave({
 *   model: rnn({ hidden: 2 }),
 *   task: xor(),
 *   steps: 10,
 *   device: "cpu",
 *   out,
 *   version: "0.1.0",
 * });
 * console.log(trained.run.path);
 * await Deno.remove(out, { recursive: true });
 * ```
 */
export async function trainAndSave(settings: SavedTrainSettings): Promise<SavedTrainResult> {
  const writer = new RunWriter(settings);
  // Training refuses what is no setting of its own, such as a name that is misspelt.
  const {
    out: _out,
    name: _name,
    title: _title,
    recipe: _recipe,
    run: _run,
    otherTask: _otherTask,
    modelName: _modelName,
    taskName: _taskName,
    modelPath: _modelPath,
    taskPath: _taskPath,
    from: _from,
    saveEvery: _saveEvery,
    version: _version,
    ...training
  } = settings;
  const result = await train({ ...training, callbacks: [writer, ...settings.callbacks ?? []] });
  return { ...result, run: writer.run };
}

/**
 * Saves a run while it is trained: its configuration at once, metrics as they come, the best and last
 * checkpoints now and then and at the end, also when training fails or is stopped.
 */
export class RunWriter implements TrainingCallbacks {
  readonly #settings: SavedTrainSettings;
  readonly #interval: number;
  #run: RunFolder | undefined;
  #best: BestParameters | undefined;
  #bestWritten: BestParameters | undefined;
  #bestTime = -Infinity;
  #lastTime = 0;
  /** Metrics that are not written yet. */
  readonly #lines: MetricsLine[] = [];
  #linesTime = -Infinity;

  /**
   * Makes a writer; the folder is made when training starts.
   *
   * @param settings What is trained and where to save it.
   */
  constructor(settings: SavedTrainSettings) {
    this.#settings = settings;
    this.#interval = (settings.saveEvery ?? SAVE_INTERVAL) * 1000;
  }

  /** The run's folder, once training has started. */
  get run(): RunFolder {
    if (this.#run) return this.#run;
    throw new RangeError("Cannot give the folder of a run before training has started");
  }

  /** Makes the folder, or takes over that of the run which is resumed. */
  async onStart(start: TrainingStart): Promise<void> {
    const { run, out, name, callbacks = [] } = this.#settings;
    const locked = run ?? await createRun(configOf(this.#settings, start), { root: out, name });
    await locked.lock();
    this.#run = run === undefined ? locked : await resumeRun(
      run,
      changedConfig(run.config, start, this.#settings.otherTask),
      start.step,
    );
    this.#lastTime = performance.now();
    for (const callback of callbacks) await callback.onRunCreated?.(this.#run, start);
  }

  /** Adds the event to the metrics; points of the curves are written some at a time. */
  async onEvent(event: TrainingEvent): Promise<void> {
    if (event.event === "progress" && !event.isPoint) return;
    this.#lines.push(eventLine(event));
    const now = performance.now();
    if (event.event === "progress" && now - this.#linesTime < LINES_INTERVAL_MS) return;
    this.#linesTime = now;
    await this.#writeLines();
  }

  /** Saves the checkpoints, if that is long enough ago. */
  async onCheckpoint({ snapshot, best }: TrainingCheckpoint): Promise<void> {
    this.#best = best;
    const now = performance.now();
    if (now - this.#bestTime >= this.#interval) await this.#writeBest();
    if (now - this.#lastTime >= this.#interval) await this.#writeLast(await snapshot());
  }

  /** Saves both checkpoints, and the end in the metrics. */
  async onEnd(result: TrainResult): Promise<void> {
    this.#best = result.best;
    await this.#writeBest();
    await this.#writeLast(await result.snapshot());
    this.#lines.push(endLine(result));
    await this.#writeLines();
    await this.run.unlock();
  }

  /** Saves the best parameters before the error. */
  async onError(error: unknown): Promise<void> {
    if (error instanceof DivergenceError) {
      this.#best = error.best;
      this.#lines.push({ event: "diverged", step: error.step });
    }
    try {
      if (this.#run) {
        await this.#writeBest();
        await this.#writeLines();
      }
    } finally {
      await this.#run?.unlock();
    }
  }

  async #writeLines(): Promise<void> {
    if (this.#lines.length > 0) await this.run.appendMetrics(...this.#lines.splice(0));
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
    // What lies before the step that is gone on from is not told again.
    await this.#writeLines();
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
 * Returns the state of training in a `last` checkpoint, to resume from.
 *
 * @param checkpoint What was read.
 * @returns What {@linkcode TrainSettings.resume} takes.
 * @throws {RangeError} If it lacks what is needed, as a `best` one does.
 *
 * @example Usage
 * ```ts
 * import { readCheckpoint, snapshotOf, trainAndSave } from "@unroll/core/runs";
 * import { rnn } from "@unroll/models";
 * import { xor } from "@unroll/tasks";
 * import { strictEqual } from "node:assert/strict";
 *
 * const root = await Deno.makeTempDir();
 * using trained = await trainAndSave({
 *   model: rnn({ hidden: 2 }),
 *   task: xor(),
 *   steps: 10,
 *   device: "cpu",
 *   out: root,
 *   version: "0.1.0",
 * });
 * const last = await readCheckpoint(`${trained.run.path}/last.safetensors`);
 * strictEqual(snapshotOf(last).step, 10);
 * await Deno.remove(root, { recursive: true });
 * ```
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
 * Returns the parameters in a checkpoint, best or last.
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
  return validation ? { validation: plainJson(validation) } : {};
}

/**
 * Returns what decides a run, but for its device, without training it.
 *
 * @param settings What would be trained.
 * @returns The configuration that {@linkcode trainAndSave} would keep.
 * @throws {RangeError} If a setting is out of range.
 *
 * @example Usage
 * ```ts
 * import { planRun } from "@unroll/core/runs";
 * import { rnn } from "@unroll/models";
 * import { xor } from "@unroll/tasks";
 * import { strictEqual } from "node:assert/strict";
 *
 * const { training } = await planRun({ model: rnn(), task: xor(), steps: 10, version: "0.1.0" });
 * strictEqual(training.steps, 10);
 * ```
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
  const { model, task, modelPath, taskPath, title = settings.name } = settings;
  return {
    version: settings.version,
    ...(title === undefined ? {} : { title }),
    ...(settings.recipe === undefined ? {} : { recipe: settings.recipe }),
    model: {
      name: settings.modelName ?? model.plugin.name,
      ...(modelPath === undefined ? {} : { path: modelPath }),
      options: plainJson(model.options),
    },
    task: {
      name: settings.taskName ?? task.plugin.name,
      ...(taskPath === undefined ? {} : { path: taskPath }),
      options: plainJson(start.task.options ?? task.options),
    },
    training: trainingRecord(start.settings),
    seed: settings.seed ?? 0,
    ...(settings.from === undefined ? {} : { from: settings.from }),
  };
}

function configOf(settings: SavedTrainSettings, start: TrainingStart): RunConfig {
  const { device, deviceDescription } = start;
  return { ...planOf(settings, start), device, deviceDescription };
}

/** Returns the configuration of a run that is resumed: its own, with what changed from now on. */
function changedConfig(
  config: RunConfig,
  start: TrainingStart,
  otherTask: boolean = false,
): RunConfig {
  const { step } = start;
  const training = trainingRecord(start.settings);
  const { device, before = [] } = config;
  const isSame = start.device === device &&
    changedSettings(config.training, training).length === 0;
  return {
    ...config,
    training,
    ...(otherTask && start.task.options !== undefined
      ? { task: { ...config.task, options: plainJson(start.task.options) } }
      : {}),
    ...(start.device === device
      ? {}
      : { device: start.device, deviceDescription: start.deviceDescription }),
    // What was changed before a step was done was never in use.
    ...(isSame || step === (before.at(-1)?.step ?? 0)
      ? {}
      : { before: [...before, { step, training: config.training, device }] }),
  };
}

/**
 * Loading a run: one checkpoint is enough to have the model again, with its task.
 *
 * @module
 */

import type { Backend, BackendName } from "../ir/backend.ts";
import { openBackend } from "../backends/open.ts";
import type { Model, ModelInstance, ModelPlugin, Tree } from "../plugin/model.ts";
import { knownPlugin } from "../plugin/resolve.ts";
import {
  type Predict,
  restoreTask,
  type Task,
  type TaskInstance,
  type TaskPlugin,
} from "../plugin/task.ts";
import { randomKey } from "../language/random.ts";
import { formatType } from "../ir/tensor_type.ts";
import { treeEntries } from "../language/tree.ts";
import { type Checkpoint, fromStored, type RunConfig } from "./checkpoint.ts";
import { errorCode, fileSystem } from "../util/file_system.ts";
import type { JsonRecord } from "../util/json.ts";
import { Predictor } from "../training/predictor.ts";
import {
  checkOwner,
  type CheckpointName,
  openRun,
  readCheckpoint,
  type RunFolder,
} from "./run_folder.ts";

/** What loading needs to know. */
export interface LoadSettings {
  /**
   * The models that names mean. Nothing is imported because a run names it: for one that was trained with a module of
   * your own, such as `./mgu.ts`, import that and add it by this name.
   */
  readonly models: Readonly<Record<string, ModelPlugin>>;
  /** The tasks that names mean, likewise. */
  readonly tasks: Readonly<Record<string, TaskPlugin>>;
  /** Where the model is to run: a name, or an open device, which stays open; `auto` if left out. */
  readonly device?: BackendName | "auto" | Backend;
  /** Which checkpoint of a run's folder; the best, or the last where there is no best yet. */
  readonly checkpoint?: CheckpointName;
  /** Options of the task in place of those it was trained with. */
  readonly taskOptions?: JsonRecord;
}

/** A run, loaded. */
export interface LoadedRun extends Disposable {
  /** What decided the run. */
  readonly config: RunConfig;
  /** The checkpoint that was read. */
  readonly checkpoint: Checkpoint;
  /** The checkpoint's file. */
  readonly path: string;
  /** The model with its options. */
  readonly model: Model;
  /** The model, built for the task. */
  readonly instance: ModelInstance;
  /** The task with its options. */
  readonly task: Task;
  /** The task, ready. */
  readonly taskInstance: TaskInstance;
  /** The device that runs the model. */
  readonly device: BackendName;
  /** Runs the model. */
  readonly predict: Predict;
  /** Frees the model, and closes the device if loading opened it. */
  dispose(): void;
}

/**
 * Loads a run's model and task.
 *
 * @param path The run's folder, or one of its checkpoints, which is enough alone.
 * @param settings The models and tasks there are, and where the model is to run.
 * @returns The model, to be disposed of when it is not needed any more.
 * @throws {RangeError} When there is nothing to load, or a plugin cannot be found.
 * @throws {TypeError} When the parameters are not those of the model.
 *
 * @example Usage
 * ```ts
 * import { loadRun, trainAndSave } from "@unroll/core/runs";
 * import { MODELS, rnn } from "@unroll/models";
 * import { TASKS, xor } from "@unroll/tasks";
 *
 * const out = await Deno.makeTempDir();
 * const model = rnn({ hidden: 2 });
 * using trained = await trainAndSave({ model, task: xor(), steps: 10, out, version: "0.1.0" });
 *
 * using run = await loadRun(trained.run.path, { models: MODELS, tasks: TASKS });
 * console.log(await run.taskInstance.validate(run.predict));
 * await Deno.remove(out, { recursive: true });
 * ```
 */
export async function loadRun(path: string, settings: LoadSettings): Promise<LoadedRun> {
  const { file, run } = await checkpointFile(path, settings.checkpoint);
  const read = await readCheckpoint(file);
  const checkpoint = run === undefined ? read : checkOwner(read, file, run.config);
  const { config } = checkpoint;
  const modelPlugin = knownPlugin(config.model.name, {
    kind: "model",
    table: settings.models,
    path: config.model.path,
  });
  const taskPlugin = knownPlugin(config.task.name, {
    kind: "task",
    table: settings.tasks,
    path: config.task.path,
  });
  const model = modelPlugin(config.model.options);
  const task = restoreTask(taskPlugin, config.task.options, settings.taskOptions);
  const taskInstance = await task.create();
  const instance = model.create(taskInstance.spec);
  const template = instance.parameters(randomKey(config.seed)) as Tree;
  const entries = treeEntries(template);
  const found = entries.map(([name, { type }]) => {
    const key = `parameters.${name}`;
    try {
      return fromStored(checkpoint.tensors, key, type);
    } catch (error) {
      const found = (error as Error).message.replace(/^.*, found /, "");
      throw new TypeError(
        `Cannot load ${file} as ${config.model.name}: "${key}" must be ${
          formatType(type)
        }, found ${found}`,
        { cause: error },
      );
    }
  });
  const { device } = settings;
  const own = typeof device !== "object";
  const backend = typeof device === "object" ? device : await openBackend(device);
  const predictor = new Predictor(backend, instance, taskInstance.spec, template);
  const buffers = entries.map(([, { type }], i) => backend.upload(type, found[i]));
  const dispose = () => {
    predictor.dispose();
    for (const buffer of buffers.splice(0)) buffer.dispose();
    if (own) backend.dispose();
  };
  return {
    config,
    checkpoint,
    path: file,
    model,
    instance,
    task,
    taskInstance,
    device: backend.name,
    predict: (request) => predictor.predict(buffers, request),
    dispose,
    [Symbol.dispose]: dispose,
  };
}

/** Finds the file to read for a folder or a file. */
async function checkpointFile(
  path: string,
  name: CheckpointName | undefined,
): Promise<{ readonly file: string; readonly run?: RunFolder }> {
  if (path.endsWith(".safetensors")) return { file: path };
  const run = await openRun(path);
  if (name !== undefined) return { file: run.checkpointPath(name), run };
  for (const wanted of ["best", "last"] as const) {
    const file = run.checkpointPath(wanted);
    try {
      if ((await fileSystem().promises.stat(file)).isFile()) return { file, run };
    } catch (error) {
      if (errorCode(error) !== "ENOENT") throw error;
    }
  }
  throw new RangeError(`Cannot load ${path}: it has no checkpoint yet`);
}

/**
 * What `train` does: trains, tells, and keeps the run in a folder.
 *
 * @module
 */

import type { BackendName, TuningCache } from "@unroll/core/backends";
import type { Model, ModelPlugin, Task, TaskInstance, TaskPlugin } from "@unroll/core/plugin";
import { flagName, knownPlugin, restoreTask } from "@unroll/core/plugin/host";
import {
  type Json,
  type JsonRecord,
  openRun,
  type RunCallbacks,
  type RunFolder,
  type SavedTrainSettings,
  snapshotOf,
  trainAndSave,
  type WeightsOrigin,
} from "@unroll/core/runs";
import {
  OPTIMIZERS,
  parsePhases,
  parseStopRule,
  recordedSettings,
  type Snapshot,
  type TrainSettings,
} from "@unroll/core/training";
import type { PluginSelection, ResumeRequest, RunReporter, TrainRequest } from "../context.ts";
import { StoppedError, UsageError, waitFor } from "../errors.ts";
import { formatCount, formatSteps } from "../format.ts";
import type { KnownPlugins } from "../plugins.ts";
import { resumeCommand } from "../resume_command.ts";
import { readWeights, type StartingWeights } from "./from_weights.ts";
import { OPTIMIZER_OPTIONS, type TrainOptions } from "./train_options.ts";

/** Makes a model or task as it was asked for. */
export function instantiate(chosen: PluginSelection): Model | Task {
  return (chosen.plugin as ModelPlugin | TaskPlugin)(chosen.options as object);
}

const TASKS = new WeakMap<PluginSelection, Task>();

/** Makes a task as it was asked for. However often it is created, its data are read once. */
export function instantiateTask(chosen: PluginSelection): Task {
  let task = TASKS.get(chosen);
  if (!task) {
    const made = instantiate(chosen) as Task;
    let created: Promise<TaskInstance> | undefined;
    const create = () => waitFor(`create task "${chosen.plugin.name}"`, made.create());
    task = { ...made, create: () => created ??= create() };
    TASKS.set(chosen, task);
  }
  return task;
}

/**
 * Returns why a model cannot learn a task.
 *
 * @param model The model.
 * @param task The task.
 * @returns One sentence, or `undefined` if it can.
 */
export async function unsupportedReason(
  model: PluginSelection,
  task: PluginSelection,
): Promise<string | undefined> {
  const { spec } = await instantiateTask(task).create();
  const reason = (instantiate(model) as Model).unsupportedReason(spec);
  if (!reason) return undefined;
  const { name } = task.plugin;
  const hint = spec.inputs.kind === "none" ? `, unless an option of ${name} gives it some` : "";
  return `Cannot train ${model.plugin.name} on ${name}: ${reason}${hint}`;
}

/** Reads the text of an option that a parser of the library knows. */
function read<Value>(parse: (text: string) => Value, text: string): Value {
  try {
    return parse(text);
  } catch (error) {
    throw new UsageError((error as RangeError).message, { cause: error });
  }
}

/** Converts options of the command to settings of training. */
export function toTrainSettings(options: TrainOptions): Partial<TrainSettings> {
  const { phases, stopAt, optimizer, ...rest } = options;
  if (rest.learningRate !== undefined && phases !== undefined) {
    throw new UsageError("Cannot use --lr with --phases: each phase has its own learning rate");
  }
  const own: Record<string, number | boolean | string> = {};
  for (const name of OPTIMIZER_OPTIONS) {
    const value = options[name];
    if (value === undefined) continue;
    const having = Object.entries(OPTIMIZERS).filter(([, { create }]) => name in create().settings)
      .map(([name]) => name);
    if (optimizer === undefined || !having.includes(optimizer)) {
      throw new UsageError(
        `Cannot use --${flagName(name)} without --optimizer ${having.join(" or ")}: ` +
          "others have none",
      );
    }
    own[name] = value;
  }
  return {
    ...rest,
    optimizer: optimizer && OPTIMIZERS[optimizer].create(own),
    ...(phases === undefined ? {} : { phases: read(parsePhases, phases) }),
    ...(stopAt === undefined ? {} : read(parseStopRule, stopAt)),
  };
}

/** What training needs beside what is asked for. */
export interface TrainingContext extends KnownPlugins {
  /** Unroll's version, for the run's configuration. */
  readonly version: string;
  /** Keeps what is measured of a GPU. */
  readonly tuning?: TuningCache;
  /** Ends training after the step that runs; the run is kept, to be resumed. */
  readonly signal?: AbortSignal;
}

/**
 * Trains a new run and saves it.
 *
 * @param request What to train.
 * @param callbacks Called on the way, before those of the request.
 * @param context The version, and what ends it early.
 * @throws {StoppedError} When the signal ended it.
 */
export async function runTraining(
  request: TrainRequest,
  callbacks: readonly RunReporter[],
  context: TrainingContext,
): Promise<void> {
  const settings = requested(request, context.version);
  await trainUntilStopped({
    ...settings,
    tuning: context.tuning,
    signal: context.signal,
    callbacks: [...callbacks, ...settings.callbacks ?? []],
  }, callbacks);
}

/**
 * Resumes a run from its last checkpoint: on the same device to the same bits as if it had never stopped.
 *
 * @param request Which run, and what is to be otherwise.
 * @param callbacks Called on the way.
 * @param context The models and tasks that names mean, and what ends it early.
 * @throws {RangeError} When the run cannot be read, or nothing is left to do.
 * @throws {StoppedError} When the signal ended it.
 */
export async function resumeTraining(
  request: ResumeRequest,
  callbacks: readonly RunReporter[],
  context: TrainingContext,
): Promise<void> {
  // Before anything of it is read, which another process could be about to write.
  const run = await openRun(request.run, { lock: true });
  try {
    const settings = await resumed(run, request, request.plugins ?? context);
    await trainUntilStopped({
      ...settings,
      tuning: context.tuning,
      signal: context.signal,
      callbacks,
    }, callbacks);
  } finally {
    await run.unlock();
  }
}

/** Trains, and throws what to say where it was stopped or the device was lost. */
async function trainUntilStopped(
  settings: SavedTrainSettings,
  reporters: readonly RunReporter[],
): Promise<void> {
  let run: RunFolder | undefined;
  const keep: RunCallbacks = { onRunCreated: (created) => void (run = created) };
  const callbacks = [keep, sampleWriter(reporters), ...settings.callbacks ?? []];
  try {
    using trained = await trainAndSave({ ...settings, callbacks });
    // Where it was to train no further, all is as it was asked for.
    if (trained.ended === "aborted" && settings.signal?.aborted) {
      throw new StoppedError(resumeCommand(trained.run));
    }
  } catch (error) {
    const { DeviceLostError } = await import("@unroll/core/backends");
    // A device that was lost takes nothing along that was saved.
    if (!(error instanceof DeviceLostError) || run === undefined) throw error;
    throw new DeviceLostError(
      `${error.message}: the last checkpoint is safe, go on with ${resumeCommand(run)}`,
      { cause: error },
    );
  }
}

/** Adds a sample to the metrics at each validation, of tasks that have them, and tells of it. */
function sampleWriter(reporters: readonly RunReporter[]): RunCallbacks {
  let run: RunFolder;
  let task: TaskInstance;
  return {
    onRunCreated(created, start) {
      run = created;
      task = start.task;
    },
    async onEvent(event) {
      // On a GPU every character would wait for a readback of its own.
      if (event.event !== "validation" || !task.sample || run.config.device === "webgpu") return;
      const { step, predict } = event;
      let text = "";
      for await (const piece of task.sample(predict, { seed: run.config.seed })) text += piece;
      await run.appendMetrics({ event: "sample", step, text });
      for (const { onSample } of reporters) await onSample?.(step, text);
    },
  };
}

/** Converts what was asked for to settings of the trainer. */
export function requested(request: TrainRequest, version: string): SavedTrainSettings {
  return {
    ...toTrainSettings(request.training),
    ...request.settings,
    model: instantiate(request.model) as Model,
    task: instantiateTask(request.task),
    modelName: request.model.name,
    taskName: request.task.name,
    modelPath: request.model.path,
    taskPath: request.task.path,
    initialParameters: request.weights?.initialParameters,
    from: request.weights?.from,
    out: request.out,
    ...(request.name === undefined ? {} : { name: request.name }),
    ...(request.title === undefined ? {} : { title: request.title }),
    ...(request.recipe === undefined ? {} : { recipe: request.recipe }),
    version,
  };
}

/** Reads a run and what is to be otherwise, as the trainer takes it. */
async function resumed(
  run: RunFolder,
  { changes, taskOptions }: ResumeRequest,
  { models, tasks }: KnownPlugins,
): Promise<SavedTrainSettings> {
  const resume = await lastSnapshot(run);
  const { model, task, seed, version } = run.config;
  const { device = run.config.device as BackendName, saveEvery, until, ...others } = changes;
  const record = changedRecord(run.config.training, others);
  const ended = (await run.readMetrics()).at(-1)?.event === "done";
  // One that was killed between its last step and its end has still to come to that.
  if (
    resume !== undefined &&
    (resume.step > Number(record.steps) || (ended && resume.step === record.steps))
  ) {
    const { step } = resume;
    throw new UsageError(
      `Cannot go on with ${run.path}: ${
        step === record.steps
          ? step === 1
            ? "its only step is done, --steps asks for more"
            : `all ${formatSteps(step)} are done, --steps asks for more`
          : `${formatSteps(step)} are done, and --steps asks for no more than ${
            formatCount(Number(record.steps))
          }`
      }`,
    );
  }
  if (record.schedule === "custom") {
    throw new RangeError(
      `Cannot go on with ${run.path}: its learning rate goes as a program says, --schedule must tell another way`,
    );
  }
  return {
    ...recordedSettings(record),
    model: knownPlugin(model.name, { kind: "model", table: models, path: model.path })(
      model.options,
    ),
    task: restoreTask(
      knownPlugin(task.name, { kind: "task", table: tasks, path: task.path }),
      task.options,
      taskOptions,
    ),
    otherTask: Object.keys(taskOptions ?? {}).length > 0,
    seed,
    device,
    version,
    saveEvery,
    until,
    run,
    resume,
    ...(resume === undefined && run.config.from !== undefined
      ? { initialParameters: await sameWeights(run.path, run.config.from) }
      : {}),
  };
}

/** The weights that a run which was stopped before it kept any began with. */
async function sameWeights(
  run: string,
  { path, sha256 }: WeightsOrigin,
): Promise<StartingWeights["initialParameters"]> {
  const { from, initialParameters } = await readWeights(path);
  if (from.sha256 === sha256) return initialParameters;
  throw new RangeError(
    `Cannot go on with ${run}: it began with ${path} of SHA-256 ${sha256}, found ${from.sha256}`,
  );
}

/** The state to go on from; `undefined` for a run that was stopped before it kept any. */
async function lastSnapshot(run: RunFolder): Promise<Snapshot | undefined> {
  try {
    await Deno.stat(run.checkpointPath("last"));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
  return snapshotOf(await run.readCheckpoint("last"));
}

function changedRecord(kept: JsonRecord, changes: Partial<TrainOptions>): JsonRecord {
  const { phases, stopAt, ...rest } = changes;
  const changed: Readonly<Record<string, Json | undefined>> = {
    ...kept,
    ...rest,
    ...(stopAt === undefined ? {} : {
      stopAtError: undefined,
      stopAtLoss: undefined,
      ...read(parseStopRule, stopAt),
    }),
    // One rate takes the place of phases, and the other way round.
    ...(rest.learningRate === undefined ? {} : { phases: undefined }),
    ...(phases === undefined ? {} : {
      phases: read(parsePhases, phases).map((phase) => ({ ...phase })),
      // The rates that are typed are those that are used, as in a new run.
      schedule: rest.schedule ?? "constant",
    }),
  };
  return changed as JsonRecord;
}

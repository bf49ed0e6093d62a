/**
 * What `train` does: trains, tells, and keeps the run in a folder.
 *
 * @module
 */

import { flagName } from "@unroll/core/plugin/host";
import { recordedSettings } from "@unroll/core/training";
import { type BackendName, chooseDevice, DeviceLostError } from "@unroll/core/backends";
import {
  type LearningPhase,
  type Model,
  type ModelPlugin,
  type Task,
  type TaskInstance,
  type TaskPlugin,
} from "@unroll/core/plugin";
import { knownPlugin } from "@unroll/core/plugin/host";
import {
  type Json,
  type JsonRecord,
  openRun,
  type RunFolder,
  type SavedTrainSettings,
  snapshotOf,
  trainAndSave,
} from "@unroll/core/runs";
import {
  estimateStep,
  OPTIMIZERS,
  parsePhases,
  resolveSettings,
  type Snapshot,
  type TrainingEvent,
  type TrainResult,
  type TrainSettings,
} from "@unroll/core/training";
import { StoppedError, UsageError } from "../errors.ts";
import { captureHiddenStates } from "../reporting/hidden_states.ts";
import { mayCallLibraries } from "../machine.ts";
import { quoted } from "../format.ts";
import type { Reporter } from "../reporting/reporter.ts";
import { OPTIMIZER_OPTIONS, type TrainOptions } from "./train_options.ts";
import { type KnownPlugins, trustText } from "../plugins.ts";
import type { PluginSelection, ResumeRequest, TrainRequest } from "../context.ts";

/** A model or task as it was asked for. */
export function instantiate(chosen: PluginSelection): Model | Task {
  return (chosen.plugin as ModelPlugin | TaskPlugin)(chosen.options as object);
}

const TASKS = new WeakMap<PluginSelection, Task>();

/** A task as it was asked for. However often it is created, its data are read once. */
export function instantiateTask(chosen: PluginSelection): Task {
  let task = TASKS.get(chosen);
  if (!task) {
    const made = instantiate(chosen) as Task;
    let created: Promise<TaskInstance> | undefined;
    task = { ...made, create: () => created ??= made.create() };
    TASKS.set(chosen, task);
  }
  return task;
}

/**
 * Why a model cannot learn a task.
 *
 * @param model The model.
 * @param task The task.
 * @returns One sentence, or `undefined` if it can.
 */
export async function refusal(
  model: PluginSelection,
  task: PluginSelection,
): Promise<string | undefined> {
  const { spec } = await instantiateTask(task).create();
  const reason = (instantiate(model) as Model).refuses(spec);
  if (!reason) return undefined;
  const { name } = task.plugin;
  const hint = spec.inputs.kind === "none" ? `, unless an option of ${name} gives it some` : "";
  return `Cannot train ${model.plugin.name} on ${name}: ${reason}${hint}`;
}

/** The phases that `--phases` names. */
function readPhases(text: string): readonly LearningPhase[] {
  try {
    return parsePhases(text);
  } catch (error) {
    throw new UsageError((error as RangeError).message, { cause: error });
  }
}

/** Settings of the trainer that options name. */
export function settingsOf(options: TrainOptions): Partial<TrainSettings> {
  const { lr, phases, optimizer, ...rest } = options;
  if (lr !== undefined && phases !== undefined) {
    throw new UsageError("Cannot use --lr with --phases: each phase has its own learning rate");
  }
  const own: Record<string, number | boolean | string> = {};
  for (const name of OPTIMIZER_OPTIONS) {
    const value = options[name];
    if (value === undefined) continue;
    const having = Object.entries(OPTIMIZERS).filter(([, make]) => name in make().settings)
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
    learningRate: lr,
    optimizer: optimizer && OPTIMIZERS[optimizer](own),
    ...(phases === undefined ? {} : { phases: readPhases(phases) }),
  };
}

/**
 * Trains what was asked for and keeps the run.
 *
 * @param request What to train.
 * @param reporter Is told what happens.
 * @param version Unroll's version, for the run's configuration.
 * @param signal Ends training after the step that runs; the run is kept, to be gone on with.
 * @throws {StoppedError} When the signal ended it.
 */
export async function trainAndKeep(
  request: TrainRequest,
  reporter: Reporter,
  version: string,
  signal?: AbortSignal,
): Promise<void> {
  await trainAndTell({ ...requested(request, version), signal }, reporter);
}

/** What was asked for, as the trainer takes it. */
export function requested(request: TrainRequest, version: string): SavedTrainSettings {
  return {
    ...settingsOf(request.training),
    ...request.settings,
    model: instantiate(request.model) as Model,
    task: instantiateTask(request.task),
    modelName: request.model.name,
    taskName: request.task.name,
    out: request.out,
    version,
  };
}

/**
 * Goes on with a run, from its last checkpoint: on the same device to the same bits as if it had never stopped.
 *
 * @param request Which run, and what is to be otherwise.
 * @param reporter Is told what happens.
 * @param found The models and tasks that names mean, and what keeps measurements.
 * @param signal Ends training after the step that runs.
 * @throws {RangeError} When the run cannot be read, or nothing is left to do.
 * @throws {StoppedError} When the signal ended it.
 */
export async function resumeAndKeep(
  request: ResumeRequest,
  reporter: Reporter,
  found: KnownPlugins & Pick<TrainSettings, "tuning">,
  signal?: AbortSignal,
): Promise<void> {
  const old = await openRun(request.run);
  const resume = await lastSnapshot(old);
  const { device = old.config.device as BackendName, saveEvery, ...changes } = request.changes;
  const record = changedRecord(old.config.training, changes);
  const ended = (await old.readMetrics()).at(-1)?.event === "done";
  // One that was killed between its last step and its end has still to come to that.
  if (
    resume !== undefined &&
    (resume.step > Number(record.steps) || (ended && resume.step === record.steps))
  ) {
    throw new RangeError(
      `Cannot go on with ${old.path}: all ${record.steps} steps are done, --steps asks for more`,
    );
  }
  if (record.schedule === "custom") {
    throw new RangeError(
      `Cannot go on with ${old.path}: its learning rate goes as a program says, --schedule must tell another way`,
    );
  }
  const { model, task, seed, version } = old.config;
  const { models, tasks } = request.plugins ?? found;
  const modelPlugin = knownPlugin(model.name, { kind: "model", table: models });
  const taskPlugin = knownPlugin(task.name, { kind: "task", table: tasks });
  const training = {
    ...recordedSettings(record),
    model: modelPlugin(model.options),
    task: taskPlugin(task.options),
    seed,
  };
  await trainAndTell({
    ...training,
    device: device === "auto" ? await suitableDevice(training) : device,
    tuning: found.tuning,
    version,
    saveEvery,
    run: old,
    resume,
    signal,
  }, reporter);
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

/** What `auto` is here. */
async function suitableDevice(settings: TrainSettings & { seed: number }): Promise<BackendName> {
  const task = await settings.task.create();
  const instance = settings.model.create(task.spec);
  const resolved = resolveSettings(settings, task.defaults(settings.model));
  const { device } = await chooseDevice(
    estimateStep({ ...resolved, task, instance, seed: settings.seed }),
  );
  return device;
}

function changedRecord(kept: JsonRecord, changes: Partial<TrainOptions>): JsonRecord {
  const { lr, phases, ...rest } = changes;
  const changed: Readonly<Record<string, Json | undefined>> = {
    ...kept,
    ...rest,
    // One rate takes the place of phases, and the other way round.
    ...(lr === undefined ? {} : { learningRate: lr, phases: undefined }),
    ...(phases === undefined ? {} : { phases: readPhases(phases) as unknown as Json }),
  };
  return changed as JsonRecord;
}

/** Trains and tells of it. */
async function trainAndTell(settings: SavedTrainSettings, reporter: Reporter): Promise<void> {
  let run!: RunFolder;
  let instance!: TaskInstance;
  const training = trainAndSave({
    ...settings,
    opened(opened, { task, device, deviceReason, deviceDescription }) {
      run = opened;
      instance = task;
      const { config, path } = run;
      const began = config.deviceDescription ?? deviceDescription;
      reporter.config({
        config,
        run: path,
        device,
        device_description: deviceDescription,
        ...(deviceReason !== undefined && { device_reason: deviceReason }),
        ...(began !== deviceDescription && { device_before: began }),
        ...settings.resume && { step: settings.resume.step },
      });
    },
    async report(event) {
      await tell(event, { reporter, run, instance });
      await settings.report?.(event);
    },
  });
  using trained = await training.catch((error) => {
    throw run ? withResume(error, run) : error;
  });
  if (trained.ended === "aborted") {
    const resume = resumeCommand(run);
    const steps = Number(run.config.training.steps);
    const { steps: step, seconds } = trained;
    reporter.stopped({ step, steps, seconds, run: run.path, resume });
    throw new StoppedError(resume);
  }
  await finish(trained, reporter, run);
}

/** A run that could call a BLAS goes on to the same bits only where it still can. */
function resumeCommand(run: RunFolder): string {
  const task = mayCallLibraries() ? "blas train" : "train";
  return `deno task ${task} --resume ${quoted(run.path)}${trustText(run.config)}`;
}

/** A device that was lost takes nothing along that was saved. */
function withResume(error: unknown, run: RunFolder): unknown {
  if (!(error instanceof DeviceLostError)) return error;
  return new DeviceLostError(
    `${error.message}: the last checkpoint is safe, go on with ${resumeCommand(run)}`,
    { cause: error },
  );
}

/** What is told, and to whom. */
interface Told {
  readonly reporter: Reporter;
  readonly run: RunFolder;
  readonly instance: TaskInstance;
}

async function tell(event: TrainingEvent, { reporter, run, instance }: Told): Promise<void> {
  if (event.event === "progress") {
    reporter.progress({
      step: event.step,
      loss: event.loss,
      seconds: event.seconds,
      steps_per_second: event.stepsPerSecond,
      learning_rate: event.learningRate,
    });
    return;
  }
  const { step, validation: { loss, error, metrics = {} }, best, predict } = event;
  reporter.validation({ step, loss, error: error ?? NaN, best, metrics });
  if (reporter.hidden !== undefined) {
    const look = await captureHiddenStates(instance, predict);
    if (look !== undefined) reporter.hidden(look);
  }
  // On a GPU every character would wait for a readback of its own.
  if (instance.sample !== undefined && run.config.device !== "webgpu") {
    let text = "";
    for await (const piece of instance.sample(predict, { seed: run.config.seed })) text += piece;
    await run.appendMetrics({ event: "sample", step, text });
  }
}

async function finish(trained: TrainResult, reporter: Reporter, run: RunFolder): Promise<void> {
  const { steps, seconds, stepsPerSecond, device, loss, error, best, task, predict } = trained;
  const shown = await task.show?.(predict) ?? [];
  reporter.done({
    steps,
    seconds,
    steps_per_second: stepsPerSecond,
    device,
    loss,
    error: error ?? NaN,
    run: run.path,
    best_step: best.step,
    metrics: best.validation?.metrics ?? {},
  }, shown);
}

/**
 * What `train` does: trains, tells, and keeps the run in a folder.
 *
 * @module
 */

import {
  type BackendName,
  bestCheckpointOf,
  type BestParameters,
  checkpointOf,
  createRun,
  DivergenceError,
  type JsonRecord,
  type LoadSettings,
  type Model,
  type ModelPlugin,
  openBackend,
  openRun,
  type OptimizerName,
  OPTIMIZERS,
  randomOf,
  reconfigureRun,
  resolvePlugin,
  resolveSettings,
  type RunConfig,
  type RunFolder,
  type ScheduleName,
  type Snapshot,
  snapshotOf,
  type Task,
  type TaskInstance,
  type TaskPlugin,
  train,
  type TrainingDefaults,
  type TrainingEvent,
  type TrainResult,
  type TrainSettings,
} from "@unroll/core";
import { StoppedError, UsageError } from "./errors.ts";
import { lookInside } from "./hidden_states.ts";
import type { Reporter } from "./reporter.ts";
import type { TrainOptions } from "./train_options.ts";
import type { Chosen, ResumeRequest, TrainRequest } from "./world.ts";

/** A model or task as it was asked for. */
export function configured(chosen: Chosen): Model | Task {
  return (chosen.plugin as ModelPlugin | TaskPlugin)(chosen.options as object);
}

/**
 * Why a model cannot learn a task.
 *
 * @param model The model.
 * @param task The task.
 * @returns One sentence, or `undefined` if it can.
 */
export async function refusal(model: Chosen, task: Chosen): Promise<string | undefined> {
  const { spec } = await (configured(task) as Task).create();
  const reason = (configured(model) as Model).refuses(spec);
  return reason && `Cannot train ${model.plugin.name} on ${task.plugin.name}: ${reason}`;
}

/** Settings of the trainer that options name. */
export function settingsOf(options: TrainOptions): Partial<TrainSettings> {
  const { lr, optimizer, momentum, weightDecay, ...rest } = options;
  if (momentum !== undefined && optimizer !== "sgd") {
    throw new UsageError(
      "Cannot use --momentum without --optimizer sgd: other optimizers have none",
    );
  }
  if (weightDecay !== undefined && optimizer !== "adamw") {
    throw new UsageError("Cannot use --weight-decay without --optimizer adamw: others have none");
  }
  const made = optimizer &&
    OPTIMIZERS[optimizer]({ ...momentum && { momentum }, ...weightDecay && { weightDecay } });
  return { ...rest, learningRate: lr, optimizer: made };
}

/**
 * Trains what was asked for and keeps the run.
 *
 * @param request What to train.
 * @param reporter Is told what happens.
 * @param version Unroll's version, for the run's configuration.
 * @param signal Ends training after the step that runs; the run is kept, to be gone on with.
 */
export async function trainAndKeep(
  request: TrainRequest,
  reporter: Reporter,
  version: string,
  signal?: AbortSignal,
): Promise<void> {
  const model = configured(request.model) as Model;
  const task = configured(request.task) as Task;
  const instance = await task.create();
  const given = settingsOf(request.training);
  const resolved = resolveSettings(given, instance.defaults(model));
  using backend = await openBackend(request.training.device);
  const { optimizer, schedule: _, ...numbers } = resolved;
  const config: RunConfig = {
    version,
    model: { name: request.model.name, options: request.model.options },
    task: { name: request.task.name, options: request.task.options },
    training: {
      ...numbers,
      optimizer: optimizer.name,
      optimizerSettings: optimizer.settings as JsonRecord,
      schedule: request.training.schedule ?? instance.defaults(model).schedule ?? "constant",
    } as unknown as JsonRecord,
    seed: request.training.seed,
    device: backend.name,
  };
  const run = await createRun(withoutUndefined(config), { root: request.out });
  reporter.config({ config: run.config, run: run.path });
  await trainIn(run, { ...given, model, task, device: backend, signal }, instance, reporter);
}

/**
 * Goes on with a run, from its last checkpoint: on the same device to the same bits as if it had never stopped.
 *
 * @param request Which run, and what is to be otherwise.
 * @param reporter Is told what happens.
 * @param plugins The models and tasks that names mean.
 * @param signal Ends training after the step that runs.
 * @throws {RangeError} When there is nothing to go on from, or nothing left to do.
 */
export async function resumeAndKeep(
  request: ResumeRequest,
  reporter: Reporter,
  plugins: Pick<LoadSettings, "models" | "tasks" | "base">,
  signal?: AbortSignal,
): Promise<void> {
  const old = await openRun(request.run);
  const checkpoint = await old.readCheckpoint("last");
  const resume = snapshotOf(checkpoint);
  const { device, ...changed } = request.changes;
  const settings = changedSettings(old.config.training, changed);
  if (resume.step >= settings.steps) {
    throw new RangeError(
      `Cannot go on with ${old.path}: all ${settings.steps} steps are done, --steps asks for more`,
    );
  }
  const { model: { name: model }, task: { name: task } } = old.config;
  const { base } = plugins;
  const found = {
    model: await resolvePlugin(model, { kind: "model", table: plugins.models, base }),
    task: await resolvePlugin(task, { kind: "task", table: plugins.tasks, base }),
  };
  using backend = await openBackend(device ?? old.config.device as BackendName);
  const run = await reconfigureRun(old, {
    ...old.config,
    training: withoutUndefined(settings) as unknown as JsonRecord,
    device: backend.name,
  });
  await run.rewindMetrics(resume.step);
  reporter.config({ config: run.config, run: run.path, step: resume.step });
  const { optimizer, optimizerSettings, ...rest } = settings;
  const ready = found.task(run.config.task.options);
  await trainIn(
    run,
    {
      ...rest,
      optimizer: OPTIMIZERS[optimizer](optimizerSettings),
      model: found.model(run.config.model.options),
      task: ready,
      device: backend,
      seed: run.config.seed,
      signal,
      resume,
    },
    await ready.create(),
    reporter,
    typeof checkpoint.progress.seconds === "number" ? checkpoint.progress.seconds : 0,
  );
}

/** Settings as a run keeps them: the optimizer by its name. */
interface KeptSettings extends Omit<TrainingDefaults, "optimizer" | "schedule"> {
  readonly optimizer: OptimizerName;
  readonly optimizerSettings: Readonly<Record<string, number>>;
  readonly schedule: ScheduleName;
}

function changedSettings(kept: JsonRecord, changes: Partial<TrainOptions>): KeptSettings {
  const { lr, ...rest } = changes;
  return { ...kept, ...rest, ...(lr === undefined ? {} : { learningRate: lr }) } as
    & JsonRecord
    & KeptSettings;
}

/** Trains in a run's folder. */
async function trainIn(
  run: RunFolder,
  settings: TrainSettings,
  instance: TaskInstance,
  reporter: Reporter,
  before = 0,
): Promise<void> {
  const started = performance.now();
  const seconds = () => before + (performance.now() - started) / 1000;
  try {
    using trained = await train({
      ...settings,
      task: { ...settings.task, create: () => Promise.resolve(instance) },
      report: (event) => tell(event, { reporter, run, instance, before }),
      keep: async (snapshot, best) => await keep(run, await snapshot(), best, seconds()),
    });
    if (trained.ended === "aborted") {
      const resume = `deno task train --resume ${quoted(run.path)}`;
      const steps = Number(run.config.training.steps);
      const line = { step: trained.steps, steps, seconds: seconds(), run: run.path, resume };
      await run.appendMetrics({ event: "stopped", ...line });
      reporter.stopped(line);
      throw new StoppedError(resume);
    }
    await finish(trained, reporter, run, seconds());
  } catch (error) {
    if (error instanceof DivergenceError) await keepBest(run, error.best);
    throw error;
  }
}

/** For a shell, where a path has what it would not take as it is. */
function quoted(path: string): string {
  return /^[\w./:@+-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`;
}

/** What is told, and to whom. */
interface Told {
  readonly reporter: Reporter;
  readonly run: RunFolder;
  readonly instance: TaskInstance;
  /** Seconds before the run was resumed. */
  readonly before: number;
}

async function tell(event: TrainingEvent, told: Told): Promise<void> {
  const { reporter, run, instance } = told;
  if (event.event === "progress") {
    const line = {
      step: event.step,
      loss: event.loss,
      seconds: told.before + event.seconds,
      steps_per_second: event.stepsPerSecond,
      learning_rate: event.learningRate,
    };
    reporter.progress(line);
    await run.appendMetrics({ event: "progress", ...line });
    return;
  }
  const { loss, error, metrics = {} } = event.validation;
  const line = { step: event.step, loss, error: error ?? null, best: event.best, metrics };
  reporter.validation({ ...line, error: error ?? NaN });
  await run.appendMetrics({ event: "validation", ...line });
  if (reporter.hidden !== undefined) {
    const look = await lookInside(instance, event.predict);
    if (look !== undefined) reporter.hidden(look);
  }
  // On a GPU every character would wait for a readback of its own.
  if (instance.sample !== undefined && run.config.device !== "webgpu") {
    const random = randomOf(run.config.seed, event.step);
    const text = await instance.sample(event.predict, { length: SAMPLE, random });
    await run.appendMetrics({ event: "sample", step: event.step, text });
  }
}

/** Of what a run keeps as samples on its way, in what the task counts in. */
const SAMPLE = 120;

async function keep(
  run: RunFolder,
  snapshot: Snapshot,
  best: boolean,
  seconds: number,
): Promise<void> {
  if (best) await keepBest(run, snapshot.best);
  await run.saveCheckpoint("last", checkpointOf(run.config, snapshot, { seconds }));
}

async function keepBest(run: RunFolder, best: BestParameters): Promise<void> {
  await run.saveCheckpoint("best", bestCheckpointOf(run.config, best));
}

async function finish(
  trained: TrainResult,
  reporter: Reporter,
  run: RunFolder,
  seconds: number,
): Promise<void> {
  const { steps, stepsPerSecond, device, loss, error, best, task, predict } = trained;
  const line = {
    steps,
    seconds,
    steps_per_second: stepsPerSecond,
    device: device satisfies BackendName,
    loss,
    error: error ?? NaN,
    run: run.path,
    best_step: best.step,
    metrics: best.validation?.metrics ?? {},
  };
  await run.appendMetrics({ event: "done", ...line, error: error ?? null });
  const shown = await task.show?.(predict) ?? [];
  reporter.done(line, shown);
}

/** JSON has no `undefined`. */
function withoutUndefined<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}

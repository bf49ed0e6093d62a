/**
 * What `train` does: trains, tells, and keeps the run in a folder.
 *
 * @module
 */

import {
  type BackendName,
  type BestParameters,
  type Checkpoint,
  createRun,
  DivergenceError,
  type JsonRecord,
  type Model,
  type ModelPlugin,
  openBackend,
  OPTIMIZERS,
  resolveSettings,
  type RunConfig,
  type RunFolder,
  type Snapshot,
  type Task,
  type TaskPlugin,
  type TensorMap,
  toStored,
  train,
  type TrainingEvent,
  type TrainResult,
  type TrainSettings,
} from "@unroll/core";
import { UsageError } from "./errors.ts";
import type { Reporter } from "./reporter.ts";
import type { TrainOptions } from "./train_options.ts";
import type { Chosen, TrainRequest } from "./world.ts";

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
 * @param signal Ends training after the step that runs.
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
  const given = { ...settingsOf(request.training), ...request.settings };
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
  try {
    using trained = await train({
      ...given,
      model,
      task: { ...task, create: () => Promise.resolve(instance) },
      device: backend,
      signal,
      report: async (event) => {
        await tell(event, reporter, run);
        await request.settings?.report?.(event);
      },
      keep: async (snapshot, best) => await keep(run, await snapshot(), best),
    });
    await finish(trained, reporter, run);
  } catch (error) {
    if (error instanceof DivergenceError) await keepBest(run, error.best);
    throw error;
  }
}

async function tell(event: TrainingEvent, reporter: Reporter, run: RunFolder): Promise<void> {
  if (event.event === "progress") {
    const line = {
      step: event.step,
      loss: event.loss,
      seconds: event.seconds,
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
}

async function keep(run: RunFolder, snapshot: Snapshot, best: boolean): Promise<void> {
  if (best) await keepBest(run, snapshot.best);
  const { step, tensors } = snapshot;
  await run.saveCheckpoint("last", checkpoint(run, step, tensors, snapshot.best));
}

async function keepBest(run: RunFolder, best: BestParameters): Promise<void> {
  await run.saveCheckpoint("best", checkpoint(run, best.step, best.parameters, best));
}

function checkpoint(
  run: RunFolder,
  step: number,
  tensors: TensorMap,
  { step: bestStep, validation }: BestParameters,
): Checkpoint {
  const stored = [...tensors].map(([name, { type, data }]) =>
    [name, toStored(type, data)] as const
  );
  return {
    config: run.config,
    step,
    progress: withoutUndefined({
      best_step: bestStep,
      loss: validation?.loss,
      error: validation?.error,
    }) as JsonRecord,
    tensors: new Map(stored),
  };
}

async function finish(trained: TrainResult, reporter: Reporter, run: RunFolder): Promise<void> {
  const { steps, seconds, stepsPerSecond, device, loss, error, best, task, predict } = trained;
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

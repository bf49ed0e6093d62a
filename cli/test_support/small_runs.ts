/**
 * Small runs in folders of their own, for tests.
 *
 * @module
 */

import type { TaskPlugin } from "@unroll/core/plugin";
import {
  listRuns,
  openRun,
  readCheckpoint,
  type RunCallbacks,
  type RunFolder,
} from "@unroll/core/runs";
import { MODELS } from "@unroll/models";
import { TASKS } from "@unroll/tasks";
import { runTraining } from "../commands/train_action.ts";
import type { TrainOptions } from "../commands/train_options.ts";
import type { RunReporter } from "../context.ts";
import { StoppedError } from "../errors.ts";

/** What is trained otherwise. */
export interface SmallRun {
  /** Settings of training. */
  readonly training?: Partial<TrainOptions>;
  /** Called on the way. */
  readonly callbacks?: RunReporter;
  /** It is stopped at its first validation from this step on. */
  readonly stopAt?: number;
  /** The task, in place of counting, by its name and with its options. */
  readonly counting?: TaskPlugin;
}

/**
 * Trains a small network to count: a step takes microseconds.
 *
 * @param root The folder of its run alone.
 * @param run What is otherwise.
 * @returns The run.
 */
export async function trainSmall(root: string, run: SmallRun = {}): Promise<RunFolder> {
  const { training, stopAt = Infinity, counting = TASKS.counting } = run;
  const options = { digits: 2, testDigits: 0, training: 60, validation: 20 };
  const request = {
    model: { plugin: MODELS.rnn, name: "rnn", options: { hidden: 4 } },
    task: { plugin: counting, name: "counting", options },
    training: {
      seed: 3,
      device: "cpu",
      steps: 200,
      validateEvery: 20,
      schedule: "cosine",
      ...training,
    },
    out: root,
  } as const;
  const controller = new AbortController();
  const stopping: RunCallbacks = {
    onEvent: ({ event, step }) =>
      event === "validation" && step >= stopAt ? controller.abort() : undefined,
  };
  const context = { models: MODELS, tasks: TASKS, version: "0.0.1", signal: controller.signal };
  try {
    await runTraining(request, [stopping, run.callbacks ?? {}], context);
  } catch (error) {
    if (!(error instanceof StoppedError)) throw error;
  }
  return await onlyRun(root);
}

/**
 * Opens the run of a folder that has one alone.
 *
 * @param root The folder of runs.
 * @returns The run.
 * @throws {RangeError} When there are more or none.
 */
export async function onlyRun(root: string): Promise<RunFolder> {
  const runs = await listRuns(root);
  if (runs.length !== 1) {
    throw new RangeError(`Cannot open the run of ${root}: there are ${runs.length}`);
  }
  return await openRun(runs[0].path);
}

/**
 * Does something in a folder that is gone afterwards.
 *
 * @param act What is done there.
 */
export async function inFolder(act: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await act(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/**
 * Reads the parameters in a checkpoint.
 *
 * @param path Its file.
 * @returns Numbers by name.
 */
export async function weightsIn(path: string): Promise<Record<string, number[]>> {
  const { tensors } = await readCheckpoint(path);
  return Object.fromEntries(
    [...tensors].filter(([name]) => name.startsWith("parameters."))
      .map(([name, { data }]) => [name, Array.from(data as Float32Array)]),
  );
}

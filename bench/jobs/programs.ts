/**
 * The jobs as programs of Unroll, with models of `@unroll/models`.
 *
 * @module
 */
import { randomKey, rebuildTree, tensor, treeEntries, type TypedArray } from "@unroll/core";
import type { Backend } from "@unroll/core/backends";
import type { ModelInstance, TaskSpec } from "@unroll/core/plugin";
import { adagrad, adam, type Optimizer, sgd } from "@unroll/core/training";
import { gru, lstm, mlp, rnn } from "@unroll/models";
import {
  repeatProgram,
  startProgram,
  type TracedProgram,
  traceProgram,
  type TrainingProgram,
  trainingProgram,
} from "../training_program.ts";
import { carriesState, type Job } from "./job.ts";
import { BATCHES, batchOf, type JobNumbers } from "./numbers.ts";

/** Where the parameters of a job are in its model. */
const PATHS: Readonly<Record<string, string>> = {
  start: "initial.0.h",
  embedding: "embedding.weight",
  weight_ih: "layers.0.weight_ih",
  weight_hh: "layers.0.weight_hh",
  bias_h: "layers.0.bias_ih",
  bias_ih: "layers.0.bias_ih",
  bias_hh: "layers.0.bias_hh",
  weight_1: "layers.0.weight",
  bias_1: "layers.0.bias",
  weight_out: "output.weight",
  bias_out: "output.bias",
};

const OPTIMIZERS: Readonly<Record<Job["optimizer"], Optimizer>> = {
  adam: adam(),
  adagrad: adagrad({ epsilon: 1e-10, epsilonPlace: "outside" }),
  "adagrad-inside": adagrad({ epsilon: 1e-8 }),
  sgd: sgd(),
};

/** What a job asks of its model. */
function specOf(job: Job): TaskSpec {
  const { kind, classes, time: length } = job;
  const common = { length, weighted: false, stateful: carriesState(job) };
  if (kind === "squares") {
    return {
      ...common,
      inputs: { kind: "vector", size: job.inputs },
      outputs: { kind: "vector", size: classes, at: "last" },
      loss: { kind: "squared-error", reduction: "sum" },
    };
  }
  return {
    ...common,
    inputs: kind === "autonomous" ? { kind: "none" } : { kind: "symbol", vocabulary: classes },
    outputs: { kind: "class", classes, at: kind === "window" ? "last" : "every" },
    // Karpathy's loss is a sum.
    loss: { kind: "cross-entropy", reduction: carriesState(job) ? "sum" : "mean" },
  };
}

function modelOf({ kind, cell, hidden, inputs: embedding }: Job, spec: TaskSpec): ModelInstance {
  switch (cell) {
    case "mlp":
      return kind === "window"
        ? mlp({ layers: [hidden], activation: "relu", embedding }).create(spec)
        : mlp({ layers: [hidden] }).create(spec);
    case "gru":
      return gru({ hidden, embedding, bias: "both" }).create(spec);
    case "lstm":
      return lstm({ hidden, embedding }).create(spec);
    default:
      return rnn({ hidden, embedding, activation: cell }).create(spec);
  }
}

/**
 * Makes the program of a job.
 *
 * @param job The job.
 * @param together Steps a call makes: one, or as many as there are batches.
 */
export function jobProgram(job: JobNumbers, together = 1): TrainingProgram {
  const spec = specOf(job);
  const instance = modelOf(job, spec);
  const stored = new Map([...job.parameters].map(([name, { data }]) => [PATHS[name], data]));
  const form = instance.parameters(randomKey(0));
  const leaves = treeEntries(form).map(([path, { shape }]) =>
    tensor(stored.get(path) as Float32Array, { shape })
  );
  const program = trainingProgram({
    ...{ instance, spec, parameters: rebuildTree(form, leaves), time: job.time, batch: job.batch },
    ...{ optimizer: OPTIMIZERS[job.optimizer], learningRate: job.rate },
    clip: carriesState(job) ? 5 : undefined,
    l2: job.kind === "autonomous" ? 1e-4 : 0,
  });
  return together === 1 ? program : repeatProgram(program, together);
}

/** Traces one call of a job. */
export function traceJob(job: JobNumbers, together = 1): TracedProgram {
  return traceProgram(jobProgram(job, together));
}

/** Returns what each call is given, in the order of the batch. */
export function batchData(job: JobNumbers, together = 1): TypedArray[][] {
  const { kind, time, batch } = job;
  const one = (k: number) =>
    [...job.batches.keys()].sort().map((name) => {
      const { data } = batchOf(job.batches.get(name)!, k);
      if (kind !== "window" || name !== "inputs") return data;
      // Windows are stored as lines, and read with time in front.
      return data.map((_, i) => data[i % batch * time + Math.floor(i / batch)]);
    });
  const all = Array.from({ length: BATCHES }, (_, k) => one(k));
  if (together === 1) return all;
  return [all[0].map((own, name) => {
    const joined = all.flatMap((batch) => [...batch[name]]);
    return own instanceof Float32Array ? Float32Array.from(joined) : Int32Array.from(joined);
  })];
}

/** A job on a device. */
export interface RunningJob extends Disposable {
  /** Makes one call: as many training steps as it was started for, from batch number `first` on. */
  step(first: number): void;
  /** Losses of the last call's steps. */
  losses(): Promise<TypedArray>;
}

/**
 * Puts a job on a device, ready to train.
 *
 * @param backend The device.
 * @param job The job.
 * @param together Steps a call makes: one, or as many as there are batches.
 */
export async function startJob(
  backend: Backend,
  job: JobNumbers,
  together = 1,
): Promise<RunningJob> {
  const running = await startProgram(backend, jobProgram(job, together), job.name);
  const data = batchData(job, together);
  return {
    step: (first) => running.step(data[first % data.length]),
    losses: () => running.losses(),
    [Symbol.dispose]: () => running[Symbol.dispose](),
  };
}

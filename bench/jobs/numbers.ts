/**
 * The numbers that everybody starts from: initial parameters and batches of a job, made here once and written as
 * safetensors for the peers, so that all take the same steps and their losses can be compared. Matrices are
 * `[in, out]`, so that a layer is `x · W + b`; sequences are time-major. Gates lie in PyTorch's order: reset, update,
 * new; input, forget, cell, output.
 *
 * @module
 */
import type { StoredTensor } from "@unroll/core/runs";
import { carriesState, type Job, JOBS, parameterShapes } from "./job.ts";

/** Number of batches of a job; training goes round them. */
export const BATCHES = 16;

/** A job with its numbers. */
export interface JobNumbers extends Job {
  /** Initial parameters by name. */
  readonly parameters: ReadonlyMap<string, StoredTensor>;
  /** Batches by name, their number in front of the shape. */
  readonly batches: ReadonlyMap<string, StoredTensor>;
}

/** Makes a job with the numbers that belong to it. */
export function withNumbers(job: Job): JobNumbers {
  return { ...job, parameters: initialParameters(job), batches: batches(job) };
}

/** Takes one batch of all batches of a name. */
export function batchOf(
  all: StoredTensor,
  k: number,
): {
  readonly data: Float32Array<ArrayBuffer> | Int32Array<ArrayBuffer>;
  readonly shape: number[];
} {
  const [count, ...shape] = all.shape;
  const size = all.data.length / count;
  if (!(all.data instanceof Float32Array || all.data instanceof Int32Array)) {
    throw new TypeError(`Cannot read a batch of ${all.dtype}: F32 or I32 is needed`);
  }
  return { data: all.data.slice(k * size, (k + 1) * size), shape };
}

/** Numbers in (0, 1), the same for the same seed (SplitMix32). */
function uniformSource(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return (((z ^ (z >>> 15)) >>> 0) + 0.5) / 2 ** 32;
  };
}

/** Normally distributed numbers (Box and Muller, 1958). */
function normalSource(uniform: () => number): () => number {
  return () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
}

/** Makes the initial parameters by name, with the scales the systems start from. */
export function initialParameters(job: Job): Map<string, StoredTensor> {
  const uniform = uniformSource(1 + JOBS.findIndex(({ name }) => name === job.name));
  const normal = normalSource(uniform);
  const tensors = new Map<string, StoredTensor>();
  for (const [name, shape] of Object.entries(parameterShapes(job))) {
    const data = new Float32Array(shape.reduce((a, b) => a * b, 1));
    let next: () => number;
    if (job.kind === "autonomous") {
      next = name === "start" || name === "weight_hh" ? () => 0.1 * normal() : () => 0;
    } else if (carriesState(job)) {
      next = name.startsWith("weight") ? () => 0.01 * normal() : () => 0;
    } else if (name === "embedding") {
      next = normal;
    } else {
      // As PyTorch's layers start: ±1/√(inputs), for recurrent ones ±1/√(hidden units).
      const width = name === "weight_1" || name === "bias_1"
        ? parameterShapes(job).weight_1[0]
        : job.hidden;
      next = () => (2 * uniform() - 1) / Math.sqrt(width);
    }
    for (let i = 0; i < data.length; i++) data[i] = next();
    tensors.set(name, { dtype: "F32", shape, data });
  }
  return tensors;
}

/** Makes the batches by name, the number of the batch in front of the shape. */
export function batches(job: Job): Map<string, StoredTensor> {
  const uniform = uniformSource(101 + JOBS.findIndex(({ name }) => name === job.name));
  const { time, batch, classes } = job;
  const below = (limit: number): number => Math.floor(uniform() * limit);
  // Some symbols are common and most are rare, as in text.
  const symbol = (): number => Math.floor(uniform() ** 2 * classes);
  const ints = (shape: readonly number[], data: Int32Array): StoredTensor => ({
    dtype: "I32",
    shape,
    data,
  });
  const pair = (
    inputs: StoredTensor,
    targets: StoredTensor,
  ): Map<string, StoredTensor> => new Map([["inputs", inputs], ["targets", targets]]);
  switch (job.kind) {
    case "autonomous": {
      const targets = Int32Array.from({ length: BATCHES * time }, (_, i) => fizzBuzz(i % time));
      return new Map([["targets", ints([BATCHES, time], targets)]]);
    }
    case "one-hot": {
      const shape = [BATCHES, time, batch];
      const inputs = new Int32Array(BATCHES * time * batch);
      const targets = new Int32Array(inputs.length);
      if (carriesState(job)) {
        const sevenths = [0, 1, 2, 3, 4, 5];
        const text = Array.from(
          { length: inputs.length + 1 },
          (_, i) => job.name === "minchar-sevenths" ? sevenths[i % 6] : symbol(),
        );
        inputs.set(text.slice(0, -1));
        targets.set(text.slice(1));
      } else {
        for (let k = 0; k < BATCHES; k++) {
          for (let row = 0; row < batch; row++) {
            const number = below(10 ** (1 + below(10)));
            for (let t = 0; t < time; t++) {
              const at = (k * time + t) * batch + row;
              inputs[at] = Math.floor(number / 10 ** t) % 10;
              targets[at] = Math.floor((number + 1) / 10 ** t) % 10;
            }
          }
        }
      }
      return pair(ints(shape, inputs), ints(shape, targets));
    }
    case "characters":
    case "window": {
      const window = job.kind === "window";
      const inputs = Int32Array.from({ length: BATCHES * time * batch }, symbol);
      // What comes next is a fixed function of what is there, with noise: something to learn.
      const after = Int32Array.from({ length: classes }, symbol);
      const targets = Int32Array.from(
        { length: window ? BATCHES * batch : inputs.length },
        (_, i) => uniform() < 0.5 ? after[inputs[window ? i * time + time - 1 : i]] : symbol(),
      );
      return window
        ? pair(ints([BATCHES, batch, time], inputs), ints([BATCHES, batch], targets))
        : pair(ints([BATCHES, time, batch], inputs), ints([BATCHES, time, batch], targets));
    }
    case "squares": {
      const inputs = new Float32Array(BATCHES * batch * 10);
      const targets = new Float32Array(BATCHES * batch * 4);
      for (let row = 0; row < BATCHES * batch; row++) {
        const number = 101 + below(923);
        for (let bit = 0; bit < 10; bit++) inputs[row * 10 + bit] = number >> bit & 1;
        targets[row * 4 + fizzBuzz(number)] = 1;
      }
      return pair(
        { dtype: "F32", shape: [BATCHES, batch, 10], data: inputs },
        { dtype: "F32", shape: [BATCHES, batch, 4], data: targets },
      );
    }
  }
}

/** 0 to copy, 1 fizz, 2 buzz, 3 fizzbuzz. */
function fizzBuzz(number: number): number {
  return (number % 3 === 0 ? 1 : 0) + (number % 5 === 0 ? 2 : 0);
}

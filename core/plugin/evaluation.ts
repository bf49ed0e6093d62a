/**
 * Evaluation of a model's outputs on the host: loss, errors, the likeliest class, probabilities.
 *
 * @module
 */
import type { TypedArray } from "../ir/tensor_type.ts";
import { outputSize, type TaskSpec } from "./task_spec.ts";

/** Loss and errors of a model's outputs. */
export interface Evaluation {
  /** The loss as the task defines it. */
  readonly loss: number;
  /** Number of answers, without those of weight 0. */
  readonly count: number;
  /** Number of wrong answers; of vectors, those with an element that rounds to a wrong whole number. */
  readonly errors: number;
}

/**
 * Evaluates outputs against targets on the host, in double precision.
 *
 * @param spec The task's specification, with its loss.
 * @param outputs The model's outputs, row-major.
 * @param targets The targets.
 * @param weights A weight for each answer; all 1 if left out.
 * @returns Loss, number of answers and number of errors.
 *
 * @example Usage
 * ```ts
 * import { evaluateOutputs } from "@unroll/core/plugin";
 * import { deepStrictEqual } from "node:assert/strict";
 *
 * const spec = {
 *   inputs: { kind: "none" },
 *   outputs: { kind: "class", classes: 2, at: "every" },
 *   length: 2,
 *   loss: { kind: "cross-entropy", reduction: "mean" },
 *   weighted: false,
 *   stateful: false,
 * } as const;
 * const outputs = Float32Array.of(0, 0, 3, 3);
 * const { loss, count, errors } = evaluateOutputs(spec, outputs, Int32Array.of(0, 1));
 * deepStrictEqual([loss.toFixed(6), count, errors], ["0.693147", 2, 1]);
 * ```
 */
export function evaluateOutputs(
  spec: TaskSpec,
  outputs: Float32Array,
  targets: TypedArray,
  weights?: Float32Array,
): Evaluation {
  if (typeof spec.loss.kind === "function") {
    throw new TypeError(
      "Cannot evaluate outputs by a loss of the task's own: cross-entropy or squared-error is wanted, found a function",
    );
  }
  const size = outputSize(spec);
  const places = outputs.length / size;
  let total = 0;
  let weight = 0;
  let count = 0;
  let errors = 0;
  for (let place = 0; place < places; place++) {
    const own = weights ? weights[place] : 1;
    if (own === 0) continue;
    weight += own;
    count++;
    total += own * lossAt(spec, outputs, targets, place, size);
    if (!isRight(spec, outputs, targets, place, size)) errors++;
  }
  const loss = spec.loss.reduction === "sum" ? total : total / Math.max(weight, Number.MIN_VALUE);
  return { loss, count, errors };
}

/**
 * Finds the first greatest of `size` numbers from `start`, as an index from 0; the first NaN counts as greatest.
 *
 * @example Usage
 * ```ts
 * import { argmaxAt } from "@unroll/core/plugin";
 * import { strictEqual } from "node:assert/strict";
 *
 * strictEqual(argmaxAt([9, 1, 3, 2], 1, 3), 1);
 * ```
 */
export function argmaxAt(values: ArrayLike<number>, start: number, size: number): number {
  let best = 0;
  for (let i = 1; i < size && !Number.isNaN(values[start + best]); i++) {
    if (!(values[start + i] <= values[start + best])) best = i;
  }
  return best;
}

/**
 * Computes the softmax of `size` numbers from `start`, in double precision.
 *
 * @param logits Numbers, such as a model's outputs.
 * @param start Position of the first.
 * @param size How many.
 * @param temperature What they are divided by before; 1 if left out.
 * @returns Probabilities, whose sum is 1.
 *
 * @example Usage
 * ```ts
 * import { softmaxAt } from "@unroll/core/plugin";
 * import { deepStrictEqual } from "node:assert/strict";
 *
 * deepStrictEqual([...softmaxAt(Float32Array.of(9, 3, 3), 1, 2)], [0.5, 0.5]);
 * ```
 */
export function softmaxAt(
  logits: ArrayLike<number>,
  start: number,
  size: number,
  temperature: number = 1,
): Float64Array<ArrayBuffer> {
  const top = maxAt(logits, start, size);
  const powers = Float64Array.from(
    { length: size },
    (_, i) => Math.exp((logits[start + i] - top) / temperature),
  );
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / sum);
}

/** Finds the greatest of `size` numbers from `start`; NaN if one is. */
function maxAt(values: ArrayLike<number>, start: number, size: number): number {
  let max = -Infinity;
  for (let i = 0; i < size; i++) max = Math.max(max, values[start + i]);
  return max;
}

function lossAt(
  spec: TaskSpec,
  outputs: Float32Array,
  targets: TypedArray,
  place: number,
  size: number,
): number {
  const start = place * size;
  if (spec.outputs.kind === "class" && !(targets[place] >= 0 && targets[place] < size)) return NaN;
  if (spec.loss.kind === "cross-entropy") {
    const top = maxAt(outputs, start, size);
    let powers = 0;
    for (let i = 0; i < size; i++) powers += Math.exp(outputs[start + i] - top);
    return Math.log(powers) + top - outputs[start + targets[place]];
  }
  let squares = 0;
  for (let i = 0; i < size; i++) {
    squares += (outputs[start + i] - wantedAt(spec, targets, place, size, i)) ** 2;
  }
  return spec.loss.reduction === "sum" ? squares : squares / size;
}

function isRight(
  spec: TaskSpec,
  outputs: Float32Array,
  targets: TypedArray,
  place: number,
  size: number,
): boolean {
  const start = place * size;
  if (spec.outputs.kind === "class") {
    // With NaN among them nothing is right: the first of those is the answer.
    const best = argmaxAt(outputs, start, size);
    return best === targets[place] && Number.isFinite(outputs[start + best]);
  }
  for (let i = 0; i < size; i++) {
    if (!(Math.abs(outputs[start + i] - wantedAt(spec, targets, place, size, i)) < 0.5)) {
      return false;
    }
  }
  return true;
}

function wantedAt(
  spec: TaskSpec,
  targets: TypedArray,
  place: number,
  size: number,
  i: number,
): number {
  return spec.outputs.kind === "class" ? Number(targets[place] === i) : targets[place * size + i];
}

/**
 * How answers are judged: in tensors for training, on the host for measuring.
 *
 * @module
 */
import { eq, where } from "../language/ops/arithmetic.ts";
import { crossEntropy, ofLabels, oneHot } from "../language/ops/losses.ts";
import { outputSize, type TaskSpec } from "../plugin/task_spec.ts";
import type { Tensor } from "../language/tensor.ts";
import type { TypedArray } from "../ir/tensor_type.ts";

/**
 * The loss of a batch. A target that is none of the task's classes makes it NaN, an answer of weight 0
 * adds nothing to it.
 *
 * @param spec How the task judges.
 * @param outputs What the model answered.
 * @param targets What it should have.
 * @param weights A weight for each answer, if the task gives them.
 * @returns A scalar.
 */
export function taskLoss(
  spec: TaskSpec,
  outputs: Tensor,
  targets: Tensor,
  weights?: Tensor,
): Tensor {
  const { kind, reduction } = spec.loss;
  const perAnswer = kind === "cross-entropy"
    ? crossEntropy(outputs, targets)
    : squaredErrors(spec, outputs, targets);
  const total = (weights ? where(eq(weights, 0), 0, perAnswer.mul(weights)) : perAnswer).sum();
  if (reduction === "sum") return total;
  if (weights) return total.div(weights.sum());
  return total.div(Math.max(1, perAnswer.shape.reduce((size, n) => size * n, 1)));
}

/** For each answer, Σ of squares for `sum` and their mean for `mean`. */
function squaredErrors(spec: TaskSpec, outputs: Tensor, targets: Tensor): Tensor {
  const classes = spec.outputs.kind === "class" ? spec.outputs.classes : undefined;
  const wanted = classes === undefined ? targets : oneHot(targets, classes);
  const squares = outputs.sub(wanted).square();
  const errors = spec.loss.reduction === "sum" ? squares.sum(-1) : squares.mean(-1);
  return classes === undefined ? errors : ofLabels(errors, targets, classes);
}

/** How answers compare with what was wanted. */
export interface Measure {
  /** The loss as the task defines it. */
  readonly loss: number;
  /** Answers, those of weight 0 not among them. */
  readonly count: number;
  /** Wrong ones among them; for vectors those whose elements round wrongly to whole numbers. */
  readonly wrong: number;
}

/**
 * Measures answers on the host, in double precision.
 *
 * @param spec How the task judges.
 * @param outputs Answers, row-major.
 * @param targets What they should be.
 * @param weights A weight for each; all 1 if left out.
 * @returns Loss and number of wrong answers.
 *
 * @example Usage
 * ```ts
 * import { measure } from "@unroll/core/plugin";
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
 * const { loss, count, wrong } = measure(spec, Float32Array.of(0, 0, 3, 3), Int32Array.of(0, 1));
 * deepStrictEqual([loss.toFixed(6), count, wrong], ["0.693147", 2, 1]);
 * ```
 */
export function measure(
  spec: TaskSpec,
  outputs: Float32Array,
  targets: TypedArray,
  weights?: Float32Array,
): Measure {
  const size = outputSize(spec);
  const places = outputs.length / size;
  let total = 0;
  let weight = 0;
  let count = 0;
  let wrong = 0;
  for (let place = 0; place < places; place++) {
    const own = weights ? weights[place] : 1;
    if (own === 0) continue;
    weight += own;
    count++;
    total += own * lossAt(spec, outputs, targets, place, size);
    if (!isRight(spec, outputs, targets, place, size)) wrong++;
  }
  const loss = spec.loss.reduction === "sum" ? total : total / Math.max(weight, Number.MIN_VALUE);
  return { loss, count, wrong };
}

/** Position of the first greatest of `size` numbers from `start`; the first NaN counts as greatest. */
export function argmaxAt(values: ArrayLike<number>, start: number, size: number): number {
  let best = 0;
  for (let i = 1; i < size && !Number.isNaN(values[start + best]); i++) {
    if (!(values[start + i] <= values[start + best])) best = i;
  }
  return best;
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
    let top = -Infinity;
    for (let i = 0; i < size; i++) top = Math.max(top, outputs[start + i]);
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

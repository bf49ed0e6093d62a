/**
 * Softmax and the losses built on it, one-hot vectors, squared error.
 *
 * @module
 */
import type { Tensor } from "../tensor.ts";
import { formatType, sameShape } from "../../ir/tensor_type.ts";
import { checkCounts } from "../../util/check_counts.ts";
import { abs, add, div, maximum, minimum, square, sub } from "./arithmetic.ts";
import { and, eq, ge, le, lt, where } from "./comparisons.ts";
import { cast, exp, log, stopGradient } from "./functions.ts";
import { broadcastInDim } from "../primitives/layout.ts";
import { iota } from "./creation.ts";
import { resolveAxis } from "./layout.ts";
import { max, mean, sum } from "./reductions.ts";

/** The greatest number of f32. */
const GREATEST = (2 - 2 ** -23) * 2 ** 127;

/**
 * Computes `log Σ eˣ` along an axis, without overflow: of nothing but −∞ it is −∞, of ∞ and others ∞.
 * There the greatest have no derivative: their gradient is NaN.
 *
 * @param x The tensor, f32.
 * @param axis The axis summed over, which disappears.
 * @returns The logarithms of the sums.
 * @throws {RangeError} If there is no such axis.
 *
 * @example Usage
 * ```ts
 * import { logSumExp, tensor } from "@unroll/core";
 * import { strictEqual } from "node:assert/strict";
 *
 * strictEqual(await logSumExp(tensor([0, -Infinity])).item(), 0);
 * ```
 */
export function logSumExp(x: Tensor, axis = -1): Tensor {
  const greatest = stopGradient(max(x, axis, { keepDims: true }));
  // ∞ − ∞ is no number.
  const top = where(le(abs(greatest), GREATEST), greatest, 0);
  const total = sum(exp(sub(x, top)), axis, { keepDims: true });
  return sum(add(log(total), top), axis);
}

/**
 * Computes `eˣ / Σ eˣ` along an axis.
 *
 * @param x The tensor, f32.
 * @param axis The axis; negative ones count from the back.
 * @returns f32 of the same shape.
 * @throws {RangeError} If there is no such axis.
 *
 * @example Usage
 * ```ts
 * import { logSoftmax, softmax, tensor } from "@unroll/core";
 * import { deepStrictEqual } from "node:assert/strict";
 *
 * deepStrictEqual([...await softmax(tensor([3, 3])).data()], [0.5, 0.5]);
 * deepStrictEqual([...await logSoftmax(tensor([3, -Infinity])).data()], [0, -Infinity]);
 * ```
 */
export function softmax(x: Tensor, axis = -1): Tensor {
  const top = stopGradient(max(x, axis, { keepDims: true }));
  const powers = exp(sub(x, top));
  return div(powers, sum(powers, axis, { keepDims: true }));
}

/**
 * Computes the logarithm of {@linkcode softmax}, where an example stands.
 *
 * @param x The tensor, f32.
 * @param axis The axis; negative ones count from the back.
 * @returns f32 of the same shape.
 * @throws {RangeError} If there is no such axis.
 */
export function logSoftmax(x: Tensor, axis = -1): Tensor {
  const top = stopGradient(max(x, axis, { keepDims: true }));
  const shifted = sub(x, top);
  return sub(shifted, log(sum(exp(shifted), axis, { keepDims: true })));
}

/** Throws where labels are not whole numbers by their type. */
function checkLabels(action: string, { type }: Tensor): void {
  if (type.dtype === "i32" || type.dtype === "u32") return;
  throw new TypeError(
    `Cannot ${action} ${formatType(type)}: labels of i32 or u32 are needed`,
  );
}

/** A number for each label, and NaN where the label is none of the classes, from 0 to `classes` − 1. */
export function ofLabels(numbers: Tensor, labels: Tensor, classes: number): Tensor {
  return add(numbers, where(and(ge(labels, 0), lt(labels, classes)), 0, NaN));
}

/** Which element along a new last axis of `classes` is the label: bool[…labels, classes]. */
function labelMask(labels: Tensor, classes: number): Tensor {
  const shape = [...labels.shape, classes];
  const spread = broadcastInDim(labels, shape, labels.shape.map((_, d) => d));
  return eq(spread, iota(shape, labels.rank, labels.type.dtype));
}

/**
 * Makes one-hot vectors: 1 at the label, 0 elsewhere.
 *
 * @param labels i32[…] or u32[…] from 0 to `classes` − 1; others mean the nearest of these, as in `gather`.
 * @param classes Length of the vectors.
 * @returns f32[…, classes]
 * @throws {TypeError} If the labels are neither i32 nor u32.
 * @throws {RangeError} If the length is not a whole number of 0 or more.
 *
 * @example Usage
 * ```ts
 * import { oneHot, tensor } from "@unroll/core";
 * import { deepStrictEqual } from "node:assert/strict";
 *
 * const labels = tensor([2, 0], { dtype: "i32" });
 * deepStrictEqual([...await oneHot(labels, 3).data()], [0, 0, 1, 1, 0, 0]);
 * ```
 */
export function oneHot(labels: Tensor, classes: number): Tensor {
  checkLabels("make one-hot vectors of", labels);
  checkCounts(`make one-hot vectors of ${formatType(labels.type)}`, "their length", [classes]);
  return cast(labelMask(minimum(maximum(labels, 0), classes - 1), classes), "f32");
}

/**
 * Computes the cross entropy of labels under softmax, `log Σ eˣ − x[label]`, in nats, one for each label.
 *
 * @param logits f32[…, classes]
 * @param labels i32[…] or u32[…]
 * @returns f32[…]; NaN where a label is none of the classes.
 * @throws {TypeError} If the labels are neither i32 nor u32, or do not match the logits.
 *
 * @example Usage
 * ```ts
 * import { crossEntropy, tensor } from "@unroll/core";
 * import { ok } from "node:assert/strict";
 *
 * const loss = crossEntropy(tensor([[0, 0]]), tensor([1], { dtype: "i32" }));
 * ok(Math.abs(await loss.item() - Math.LN2) < 1e-6);
 * ```
 */
export function crossEntropy(logits: Tensor, labels: Tensor): Tensor {
  checkLabels("take the cross entropy of", labels);
  const classes = logits.shape[resolveAxis(-1, logits.rank)];
  if (!sameShape(labels.shape, logits.shape.slice(0, -1))) {
    throw new TypeError(
      `Cannot take the cross entropy of ${formatType(labels.type)} under ${
        formatType(logits.type)
      }: ` +
        `one label for each vector of logits is needed`,
    );
  }
  const chosen = sum(where(labelMask(labels, classes), logits, 0), -1);
  return sub(logSumExp(logits), ofLabels(chosen, labels, classes));
}

/**
 * Computes the mean of the squared differences.
 *
 * @param x f32.
 * @param y f32, of a shape that broadcasts.
 * @returns A scalar f32.
 * @throws {TypeError} If types differ or shapes do not broadcast.
 *
 * @example Usage
 * ```ts
 * import { meanSquaredError, sumSquaredError, tensor } from "@unroll/core";
 * import { strictEqual } from "node:assert/strict";
 *
 * const [x, y] = [tensor([1, 2]), tensor([1, 4])];
 * strictEqual(await meanSquaredError(x, y).item(), 2);
 * strictEqual(await sumSquaredError(x, y).item(), 4);
 * ```
 */
export function meanSquaredError(x: Tensor, y: Tensor): Tensor {
  return mean(square(sub(x, y)));
}

/**
 * Computes the sum of the squared differences. An example stands at {@linkcode meanSquaredError}.
 *
 * @param x f32.
 * @param y f32, of a shape that broadcasts.
 * @returns A scalar f32.
 * @throws {TypeError} If types differ or shapes do not broadcast.
 */
export function sumSquaredError(x: Tensor, y: Tensor): Tensor {
  return sum(square(sub(x, y)));
}

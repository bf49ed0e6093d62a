/**
 * Softmax and the losses built on it, one-hot vectors, squared error.
 *
 * @module
 */
import type { Tensor } from "../tensor.ts";
import { formatType, sameShape } from "../../ir/tensor_type.ts";
import { add, cast, div, eq, exp, log, square, stopGradient, sub, where } from "./arithmetic.ts";
import { broadcastInto } from "../primitives/layout.ts";
import { iota } from "./creation.ts";
import { resolveAxis } from "./layout.ts";
import { max, mean, sum } from "./reductions.ts";

/**
 * `log Σ eˣ` along an axis, without overflow.
 *
 * @param x The tensor.
 * @param axis The axis summed over, which disappears.
 * @returns The logarithms of the sums.
 */
export function logSumExp(x: Tensor, axis = -1): Tensor {
  const top = stopGradient(max(x, axis, { keepDimensions: true }));
  const total = sum(exp(sub(x, top)), axis, { keepDimensions: true });
  return sum(add(log(total), top), axis);
}

/** `eˣ / Σ eˣ` along an axis. */
export function softmax(x: Tensor, axis = -1): Tensor {
  const top = stopGradient(max(x, axis, { keepDimensions: true }));
  const powers = exp(sub(x, top));
  return div(powers, sum(powers, axis, { keepDimensions: true }));
}

/** Logarithm of {@linkcode softmax}. */
export function logSoftmax(x: Tensor, axis = -1): Tensor {
  const top = stopGradient(max(x, axis, { keepDimensions: true }));
  const shifted = sub(x, top);
  return sub(shifted, log(sum(exp(shifted), axis, { keepDimensions: true })));
}

/** Which element along a new last axis of `classes` is the label: bool[…labels, classes]. */
function labelMask(labels: Tensor, classes: number): Tensor {
  const shape = [...labels.shape, classes];
  const spread = broadcastInto(labels, shape, labels.shape.map((_, d) => d));
  return eq(spread, iota(shape, labels.rank, labels.type.dtype));
}

/**
 * One-hot vectors: 1 at the label, 0 elsewhere.
 *
 * @param labels i32[…] from 0 to `classes` − 1. Others have no meaning: their vector is zero, but in
 * a compiled product with a matrix they pick the nearest row.
 * @param classes Length of the vectors.
 * @returns f32[…, classes]
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
  return cast(labelMask(labels, classes), "f32");
}

/**
 * Cross entropy of labels under softmax, `log Σ eˣ − x[label]`, in nats, one for each label.
 *
 * @param logits f32[…, classes]
 * @param labels i32[…]
 * @returns f32[…]
 * @throws {TypeError} If the labels do not match the logits.
 */
export function crossEntropy(logits: Tensor, labels: Tensor): Tensor {
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
  return sub(logSumExp(logits), chosen);
}

/** Mean of the squared differences. */
export function meanSquaredError(x: Tensor, y: Tensor): Tensor {
  return mean(square(sub(x, y)));
}

/** Sum of the squared differences. */
export function sumSquaredError(x: Tensor, y: Tensor): Tensor {
  return sum(square(sub(x, y)));
}

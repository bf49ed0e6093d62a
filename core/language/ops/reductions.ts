/**
 * Sums, means, greatest elements.
 *
 * @module
 */
import {
  ARGMAX,
  foldedSize,
  REDUCE_MAX,
  REDUCE_SUM,
  type ReduceParams,
} from "../primitives/reduce.ts";
import type { DifferentiablePrimitive } from "../rules.ts";
import type { Tensor } from "../tensor.ts";
import { div } from "./arithmetic.ts";
import { reshape, resolveAxis } from "./layout.ts";

/** Options of the reductions. */
export interface ReduceOptions {
  /** Whether reduced axes stay, with size 1. */
  readonly keepDims?: boolean;
}

function reduce(
  primitive: DifferentiablePrimitive<ReduceParams>,
  x: Tensor,
  axes: number | readonly number[] | undefined,
  { keepDims = false }: ReduceOptions = {},
): Tensor {
  const all = x.shape.map((_, d) => d);
  const list = axes === undefined ? all : typeof axes === "number" ? [axes] : axes;
  const resolved = [...new Set(list.map((axis) => resolveAxis(axis, x.rank)))].sort((a, b) =>
    a - b
  );
  const result = x.apply(primitive, [x], { axes: resolved })[0];
  if (!keepDims) return result;
  return reshape(result, x.shape.map((size, d) => resolved.includes(d) ? 1 : size));
}

/**
 * Sum over some axes, or all.
 *
 * @param x The tensor.
 * @param axes An axis or several; negative ones count from the back; all if left out.
 * @param options Whether the axes stay with size 1.
 * @returns The sums.
 *
 * @example Usage
 * ```ts
 * import { sum, tensor } from "@unroll/core";
 * import { strictEqual } from "node:assert/strict";
 *
 * strictEqual(await sum(tensor([1, 2, 3])).item(), 6);
 * ```
 */
export function sum(x: Tensor, axes?: number | readonly number[], options?: ReduceOptions): Tensor {
  return reduce(REDUCE_SUM, x, axes, options);
}

/** Greatest element over some axes, or all. */
export function max(x: Tensor, axes?: number | readonly number[], options?: ReduceOptions): Tensor {
  return reduce(REDUCE_MAX, x, axes, options);
}

/** Mean over some axes, or all. */
export function mean(
  x: Tensor,
  axes?: number | readonly number[],
  options?: ReduceOptions,
): Tensor {
  const total = reduce(REDUCE_SUM, x, axes, options);
  const all = axes === undefined
    ? x.shape.map((_, d) => d)
    : typeof axes === "number"
    ? [axes]
    : axes;
  return div(total, foldedSize(x.shape, all.map((axis) => resolveAxis(axis, x.rank))));
}

/** Position of the first greatest element along an axis, in i32; the first NaN counts as greatest. */
export function argmax(x: Tensor, axis = -1): Tensor {
  return x.apply(ARGMAX, [x], { axes: [resolveAxis(axis, x.rank)] })[0];
}

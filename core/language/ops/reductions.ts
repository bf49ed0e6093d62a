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

/** Each axis once, rising; all if left out. */
function resolveAxes(x: Tensor, axes: number | readonly number[] | undefined): number[] {
  const list = axes === undefined ? x.shape.keys() : typeof axes === "number" ? [axes] : axes;
  return [...new Set([...list].map((axis) => resolveAxis(axis, x.rank)))].sort((a, b) => a - b);
}

function reduce(
  primitive: DifferentiablePrimitive<ReduceParams>,
  x: Tensor,
  axes: number | readonly number[] | undefined,
  { keepDims = false }: ReduceOptions = {},
): Tensor {
  const resolved = resolveAxes(x, axes);
  const result = x.apply(primitive, [x], { axes: resolved })[0];
  if (!keepDims) return result;
  return reshape(result, x.shape.map((size, d) => resolved.includes(d) ? 1 : size));
}

/**
 * Sums over some axes, or all.
 *
 * @param x The tensor, f32, i32 or u32.
 * @param axes An axis or several; negative ones count from the back; all if left out.
 * @param options Whether the axes stay with size 1.
 * @returns The sums.
 * @throws {RangeError} If there is no such axis.
 * @throws {TypeError} If elements are bools.
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

/**
 * Finds the greatest element over some axes, or all; see {@linkcode maximum} for the greater of two.
 *
 * @param x The tensor, f32 or i32.
 * @param axes An axis or several; negative ones count from the back; all if left out.
 * @param options Whether the axes stay with size 1.
 * @returns The greatest elements.
 * @throws {RangeError} If there is no such axis.
 * @throws {TypeError} If elements are others, or there are none.
 *
 * @example Usage
 * ```ts
 * import { argmax, max, tensor } from "@unroll/core";
 * import { deepStrictEqual } from "node:assert/strict";
 *
 * deepStrictEqual([...await max(tensor([[1, 5], [4, 2]]), 1).data()], [5, 4]);
 * deepStrictEqual([...await argmax(tensor([[1, 5], [4, 2]])).data()], [1, 0]);
 * ```
 */
export function max(x: Tensor, axes?: number | readonly number[], options?: ReduceOptions): Tensor {
  return reduce(REDUCE_MAX, x, axes, options);
}

/**
 * Takes the mean over some axes, or all.
 *
 * @param x The tensor, f32, i32 or u32; integers are rounded toward zero.
 * @param axes An axis or several; negative ones count from the back; all if left out.
 * @param options Whether the axes stay with size 1.
 * @returns The means.
 * @throws {RangeError} If there is no such axis.
 * @throws {TypeError} If elements are bools.
 *
 * @example Usage
 * ```ts
 * import { mean, tensor } from "@unroll/core";
 * import { deepStrictEqual, strictEqual } from "node:assert/strict";
 *
 * deepStrictEqual(mean(tensor([[1, 5], [4, 2]]), 1, { keepDims: true }).shape, [2, 1]);
 * strictEqual(await mean(tensor([1, 2, 6])).item(), 3);
 * ```
 */
export function mean(
  x: Tensor,
  axes?: number | readonly number[],
  options?: ReduceOptions,
): Tensor {
  const total = reduce(REDUCE_SUM, x, axes, options);
  return div(total, foldedSize(x.shape, resolveAxes(x, axes)));
}

/**
 * Finds the position of the first greatest element along an axis; the first NaN counts as greatest.
 * An example stands at {@linkcode max}.
 *
 * @param x The tensor, f32 or i32.
 * @param axis The axis, which disappears; negative ones count from the back.
 * @returns i32, the positions.
 * @throws {RangeError} If there is no such axis.
 * @throws {TypeError} If elements are others, or there are none.
 */
export function argmax(x: Tensor, axis = -1): Tensor {
  return x.apply(ARGMAX, [x], { axes: [resolveAxis(axis, x.rank)] })[0];
}

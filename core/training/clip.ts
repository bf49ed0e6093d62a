/**
 * Gradient clipping.
 *
 * @module
 */
import { maximum, minimum } from "../language/ops/arithmetic.ts";
import { sqrt } from "../language/ops/functions.ts";
import { fill, zeros } from "../language/ops/creation.ts";
import type { Tensor } from "../language/tensor.ts";
import { flattenTree, mapTree } from "../language/tree.ts";

/**
 * Cuts every element to ± a limit.
 *
 * @param gradients A tree of tensors.
 * @param limit A positive number.
 * @returns A tree of the same form.
 *
 * @example Usage
 * ```ts
 * import { tensor } from "@unroll/core";
 * import { clipByValue } from "@unroll/core/training";
 * import { deepStrictEqual } from "node:assert/strict";
 *
 * const { w } = clipByValue({ w: tensor([-9, 0.5]) }, 1);
 * deepStrictEqual([...await w.data()], [-1, 0.5]);
 * ```
 */
export function clipByValue<T>(gradients: T, limit: number): T {
  return mapTree((g) => minimum(maximum(g, -limit), limit), gradients);
}

/**
 * Computes the norm of all tensors of a tree together: the root of the sum of their squares.
 *
 * @param tree A tree of tensors.
 * @returns A scalar; 0 of no tensors.
 *
 * @example Usage
 * ```ts
 * import { tensor } from "@unroll/core";
 * import { globalNorm } from "@unroll/core/training";
 * import { strictEqual } from "node:assert/strict";
 *
 * strictEqual(await globalNorm({ w: tensor([3]), b: tensor([4]) }).item(), 5);
 * ```
 */
export function globalNorm(tree: unknown): Tensor {
  const squares = flattenTree(tree).map((x) => x.square().sum());
  return squares.length === 0 ? zeros([]) : sqrt(squares.reduce((sum, square) => sum.add(square)));
}

/**
 * Scales all tensors of a tree by one number, so that their norm together is at most a limit
 * (Pascanu et al., 2013). Smaller ones stay as they are.
 *
 * @param gradients A tree of tensors.
 * @param limit A positive number.
 * @returns A tree of the same form.
 *
 * @example Usage
 * ```ts
 * import { tensor } from "@unroll/core";
 * import { clipByNorm } from "@unroll/core/training";
 * import { deepStrictEqual } from "node:assert/strict";
 *
 * const { w } = clipByNorm({ w: tensor([6, 8]) }, 5);
 * deepStrictEqual([...await w.data()], [3, 4]);
 * ```
 */
export function clipByNorm<T>(gradients: T, limit: number): T {
  if (flattenTree(gradients).length === 0) return gradients;
  // Never limit / norm: a norm of 0 must not divide. A norm below the limit gives exactly 1.
  const factor = fill([], limit).div(maximum(globalNorm(gradients), limit));
  return mapTree((g) => g.mul(factor), gradients);
}

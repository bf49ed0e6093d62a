/**
 * Matrix products.
 *
 * @module
 */
import { MATMUL } from "../primitives/matmul.ts";
import type { Tensor } from "../tensor.ts";
import { sizeOf } from "../../ir/tensor_type.ts";
import { reshape } from "./layout.ts";

/** Options of {@linkcode matmul}. */
export interface MatmulOptions {
  /** Whether the left matrix is read transposed. */
  readonly transposeX?: boolean;
  /** Whether the right matrix is read transposed. */
  readonly transposeY?: boolean;
}

/**
 * Multiplies matrices: the product of the last two dimensions, in f32.
 *
 * @param x [m, k], [k], or with leading dimensions […, m, k].
 * @param y [k, n], or with the same leading dimensions […, k, n].
 * @param options Whether either side is read transposed.
 * @returns […, m, n]; [n] for a vector `x`. All leading dimensions of `x` count as rows where `y`
 * has none.
 * @throws {TypeError} If inner or leading dimensions differ, or elements are not f32.
 *
 * @example Usage
 * ```ts
 * import { matmul, tensor } from "@unroll/core";
 * import { deepStrictEqual } from "node:assert/strict";
 *
 * const x = tensor([[1, 2], [3, 4]]);
 * deepStrictEqual([...await matmul(x, tensor([[1], [10]])).data()], [21, 43]);
 * ```
 */
export function matmul(x: Tensor, y: Tensor, options: MatmulOptions = {}): Tensor {
  const { transposeX = false, transposeY = false } = options;
  const params = { transposeX, transposeY };
  if (x.rank === 1 && y.rank === 2 && !transposeX) {
    return reshape(x.apply(MATMUL, [reshape(x, [1, x.shape[0]]), y], params)[0], [
      y.shape[transposeY ? 0 : 1],
    ]);
  }
  if (x.rank > 2 && y.rank === 2 && !transposeX) {
    const rows = reshape(x, [sizeOf(x.shape.slice(0, -1)), x.shape[x.rank - 1]]);
    const [z] = x.apply(MATMUL, [rows, y], params);
    return reshape(z, [...x.shape.slice(0, -1), z.shape[1]]);
  }
  return x.apply(MATMUL, [x, y], params)[0];
}

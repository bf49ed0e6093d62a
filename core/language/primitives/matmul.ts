/**
 * Matrix product of the last two dimensions, either side read transposed; leading dimensions are
 * independent products.
 *
 * @module
 */
import { moveToFront } from "../ops/batching.ts";
import type { DifferentiablePrimitive } from "../rules.ts";
import type { RandomSource, Sample } from "../../ir/primitive.ts";
import type { Tensor } from "../tensor.ts";
import { formatType, sameShape, sizeOf, type TensorType } from "../../ir/tensor_type.ts";
import { dense, sampleArray } from "../../ir/dense.ts";

/** Parameters of {@linkcode MATMUL}. */
export interface MatmulParams extends Record<string, unknown> {
  /** Whether the left matrix is read transposed. */
  readonly transposeX: boolean;
  /** Whether the right matrix is read transposed. */
  readonly transposeY: boolean;
}

/** Rows, inner size and columns of a product. */
export function matmulSizes(
  x: TensorType,
  y: TensorType,
  { transposeX, transposeY }: MatmulParams,
): {
  readonly batch: readonly number[];
  readonly m: number;
  readonly k: number;
  readonly n: number;
} {
  const [xm, xk] = x.shape.slice(-2);
  const [yk, yn] = y.shape.slice(-2);
  return {
    batch: x.shape.slice(0, -2),
    m: transposeX ? xk : xm,
    k: transposeX ? xm : xk,
    n: transposeY ? yk : yn,
  };
}

/** Matrix product. */
export const MATMUL: DifferentiablePrimitive<MatmulParams> = {
  name: "matmul",
  isHeavy: true,
  inferTypes([x, y], params) {
    const { transposeX, transposeY } = params;
    const names = `${formatType(x)}${transposeX ? "ᵀ" : ""} and ${formatType(y)}${
      transposeY ? "ᵀ" : ""
    }`;
    if (x.dtype !== "f32" || y.dtype !== "f32") {
      throw new TypeError(`Cannot matmul ${names}: elements must be f32`);
    }
    if (x.shape.length < 2 || y.shape.length < 2) {
      throw new TypeError(`Cannot matmul ${names}: at least 2 dimensions are needed`);
    }
    const { batch, m, k, n } = matmulSizes(x, y, params);
    const inner = y.shape.at(transposeY ? -1 : -2);
    if (k !== inner) {
      throw new TypeError(
        `Cannot matmul ${names}: inner dimensions must be equal, found ${k} and ${inner}`,
      );
    }
    if (!sameShape(batch, y.shape.slice(0, -2))) {
      throw new TypeError(`Cannot matmul ${names}: leading dimensions must be equal`);
    }
    return [{ dtype: "f32", shape: [...batch, m, n] }];
  },
  evaluate([x, y], params) {
    const { transposeX, transposeY } = params;
    const { batch, m, k, n } = matmulSizes(x.type, y.type, params);
    const result = dense({ dtype: "f32", shape: [...batch, m, n] });
    const [xi, xp] = transposeX ? [1, m] : [k, 1];
    const [yp, yj] = transposeY ? [1, k] : [n, 1];
    const [xs, ys, zs] = [x.data, y.data, result.data];
    for (let b = 0; b < sizeOf(batch); b++) {
      for (let i = 0; i < m; i++) {
        for (let p = 0; p < k; p++) {
          const factor = xs[b * m * k + i * xi + p * xp];
          const [row, from] = [(b * m + i) * n, b * k * n + p * yp];
          for (let j = 0; j < n; j++) zs[row + j] += factor * ys[from + j * yj];
        }
      }
    }
    return [result];
  },
  vjp: ({ inputs: [x, y], cotangents: [dz], params: { transposeX, transposeY } }) => {
    if (!dz) return [];
    const dx = transposeX ? product(y, dz, transposeY, true) : product(dz, y, false, !transposeY);
    const dy = transposeY ? product(dz, x, true, transposeX) : product(x, dz, !transposeX, false);
    return [dx, dy];
  },
  batchRule: ([x, y], [xMapped, yMapped], params, size) => {
    const { transposeX } = params;
    // One matrix for all cases: the cases are more rows of one product.
    if (xMapped && !yMapped && x.rank === 3) {
      const rows = transposeX ? x.transpose([0, 2, 1]) : x;
      const merged = rows.reshape([size * rows.shape[1], rows.shape[2]]);
      const [z] = x.apply(MATMUL, [merged, y], { ...params, transposeX: false });
      return [z.reshape([size, rows.shape[1], z.shape[1]])];
    }
    return x.apply(MATMUL, moveToFront([x, y], [xMapped, yMapped], size), params);
  },
  lowering: { kind: "matmul" },
};

/** What the tests feed {@linkcode MATMUL}. */
export function matmulSamples(random: RandomSource): Sample<MatmulParams>[] {
  const samples = [];
  const sizes = [[1, 1, 1], [1, 5, 5], [3, 4, 2], [5, 7, 9], [2, 16, 12], [9, 3, 17]];
  for (const [m, k, n] of sizes) {
    for (const transposeX of [false, true]) {
      for (const transposeY of [false, true]) {
        const x = sampleArray(random, transposeX ? [k, m] : [m, k]);
        const y = sampleArray(random, transposeY ? [n, k] : [k, n]);
        samples.push({ inputs: [x, y], params: { transposeX, transposeY } });
      }
    }
  }
  samples.push({
    inputs: [sampleArray(random, [2, 3, 4, 5]), sampleArray(random, [2, 3, 6, 5])],
    params: { transposeX: false, transposeY: true },
  });
  return samples;
}

function product(x: Tensor, y: Tensor, transposeX: boolean, transposeY: boolean): Tensor {
  return x.apply(MATMUL, [x, y], { transposeX, transposeY })[0];
}

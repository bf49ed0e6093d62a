import { assertEquals } from "@std/assert";
import { type WebGpuBackend, webgpuBackend } from "../../backends/webgpu.ts";
import { compile } from "../../compile/compile.ts";
import * as ops from "../../language/ops/mod.ts";
import type { Tensor } from "../../language/tensor.ts";

const shared = await webgpuBackend().catch(() => undefined);
const backend = shared as WebGpuBackend;

/** Steps of a loop that folds the rows of a matrix with a vector, in whole numbers, and the same in JavaScript. */
const FOLDS: Readonly<
  Record<string, {
    readonly dtype: "f32" | "i32";
    readonly step: (matrix: Tensor, vector: Tensor) => Tensor;
    readonly fold: (row: ArrayLike<number>, vector: ArrayLike<number>) => number;
  }>
> = {
  "sums of products": {
    dtype: "f32",
    step: (matrix, vector) =>
      ops.minimum(ops.matmul(matrix, vector.reshape([-1, 1])).reshape([-1]), 3),
    fold: (row, vector) => Math.min(dot(row, vector), 3),
  },
  "greatest sums": {
    dtype: "f32",
    step: (matrix, vector) => ops.max(matrix.add(vector), 1),
    fold: (row, vector) => Math.max(...Array.from(vector, (x, k) => x + row[k])),
  },
  "sums of whole numbers": {
    dtype: "i32",
    step: (matrix, vector) => ops.remainder(matrix.mul(vector).sum(1), 3),
    fold: (row, vector) => dot(row, vector) % 3,
  },
};

function dot(x: ArrayLike<number>, y: ArrayLike<number>): number {
  return Array.from(x).reduce((sum, value, k) => sum + value * y[k], 0);
}

// Teams that fold 4 points at a time, 2, some that do not exist, and sums long enough to be cut into blocks.
const SIZES = [[256, 256], [300, 220], [96, 512], [130, 1100], [64, 8192]] as const;

for (const [name, { dtype, step, fold }] of Object.entries(FOLDS)) {
  Deno.test({
    name: `webgpu: ${name} in a loop are right for every number of points that a team folds`,
    ignore: shared === undefined,
    async fn() {
      for (const [rows, columns] of SIZES) {
        const make = (length: number, value: (i: number) => number) => {
          const list = Array.from({ length }, (_, i) => value(i));
          return dtype === "f32" ? new Float32Array(list) : new Int32Array(list);
        };
        const data = make(rows * columns, (i) => (i * 7 + (i >> 5)) % 5 - 2);
        const vector = make(columns, (i) => i % 4 - 1);
        // The matrix is folded with the vector, and what is found is repeated to be the next.
        const program = (matrix: Tensor, first: Tensor): Tensor =>
          ops.scan(
            (state: Tensor) => {
              const next = step(matrix, state);
              const whole = ops.concatenate([next, state], 0);
              return [ops.slice(whole, 0, 0, columns), next] as const;
            },
            first,
            undefined,
            { length: 2 },
          )[1];
        using compiled = compile(program, { backend });
        const found = await compiled(
          ops.tensor(data).reshape([rows, columns]),
          ops.tensor(vector),
        );
        let state = Array.from(vector);
        const wanted: number[] = [];
        for (let t = 0; t < 2; t++) {
          const next = Array.from(
            { length: rows },
            (_, r) => fold(data.subarray(r * columns, (r + 1) * columns), state),
          );
          wanted.push(...next);
          state = [...next, ...state].slice(0, columns);
        }
        assertEquals([...await found.data()], wanted, `${rows} × ${columns}`);
      }
    },
  });
}

for (const across of [false, true]) {
  Deno.test({
    name: `webgpu: rows of a batch that share weights${
      across ? ", read across," : ""
    } in a loop have the right sums`,
    ignore: shared === undefined,
    async fn() {
      // One row a workgroup and two; points that fill an invocation's sums, and such that do not.
      for (const [batch, size] of [[32, 256], [34, 300], [31, 260], [32, 512]]) {
        const weights = Float32Array.from(
          { length: size * size },
          (_, i) => (i * 5 + (i >> 7)) % 3,
        );
        const first = Float32Array.from({ length: batch * size }, (_, i) => (i + (i >> 6)) % 4);
        using compiled = compile(
          (weights: Tensor, first: Tensor): Tensor =>
            ops.scan(
              (state: Tensor) => {
                const sums = ops.matmul(state, across ? ops.transpose(weights) : weights);
                // Whole numbers again, from 0 to 3.
                const next = sums.sub(ops.floor(sums.mul(0.25)).mul(4));
                return [next, next] as const;
              },
              first,
              undefined,
              { length: 2 },
            )[1],
          { backend },
        );
        const found = await compiled(
          ops.tensor(weights).reshape([size, size]),
          ops.tensor(first).reshape([batch, size]),
        );
        let state: ArrayLike<number> = first;
        const wanted: number[] = [];
        for (let t = 0; t < 2; t++) {
          const next = new Array<number>(batch * size).fill(0);
          for (let row = 0; row < batch; row++) {
            for (let k = 0; k < size; k++) {
              for (let column = 0; column < size; column++) {
                const weight = weights[across ? column * size + k : k * size + column];
                next[row * size + column] += state[row * size + k] * weight;
              }
            }
          }
          state = next.map((sum) => sum % 4);
          wanted.push(...Array.from(state));
        }
        assertEquals([...await found.data()], wanted, `${batch} rows of ${size}`);
      }
    },
  });
}

/**
 * Rows of a table by their numbers, and the derivative of that: rows added at their numbers.
 * A number outside the table means the nearest row, on every backend.
 *
 * @module
 */
import { checkCounts } from "../../util/check_counts.ts";
import { clampIndex } from "../../ir/expression.ts";
import { moveToFront } from "../ops/batching.ts";
import type { DifferentiablePrimitive } from "../rules.ts";
import type { RandomSource, Sample } from "../../ir/primitive.ts";
import type { Tensor } from "../tensor.ts";
import { formatType, sameShape, sizeOf } from "../../ir/tensor_type.ts";
import { dense, sampleArray } from "../../ir/dense.ts";
import { IOTA } from "./creation.ts";

/**
 * `gather(table, indices)`: for `table` [rows, …rest] and `indices` i32[…places], the result is
 * […places, …rest].
 */
export const GATHER: DifferentiablePrimitive = {
  name: "gather",
  isHeavy: true,
  inferTypes([table, indices]) {
    if (table.shape.length === 0 || indices.dtype !== "i32") {
      throw new TypeError(
        `Cannot gather rows of ${formatType(table)} by ${formatType(indices)}: ` +
          `a table of at least 1 dimension and i32 indices are needed`,
      );
    }
    if (table.shape[0] === 0) {
      throw new TypeError(`Cannot gather rows of ${formatType(table)}: it has none`);
    }
    return [{ dtype: table.dtype, shape: [...indices.shape, ...table.shape.slice(1)] }];
  },
  evaluate([table, indices], params) {
    const [type] = GATHER.inferTypes([table.type, indices.type], params);
    const result = dense(type);
    const width = sizeOf(table.type.shape.slice(1));
    indices.data.forEach((row, i) => {
      const from = nearestRow(row, table.type.shape[0]) * width;
      result.data.set(table.data.subarray(from, from + width), i * width);
    });
    return [result];
  },
  vjp: ({ inputs: [table, indices], cotangents: [dy] }) =>
    dy && table.type.dtype === "f32"
      ? dy.apply(SCATTER_ADD, [indices, dy], { rows: table.shape[0] })
      : [],
  batchRule: ([table, indices], [tableMapped, indicesMapped], _params, size) => {
    if (!tableMapped) return table.apply(GATHER, [table, indices], {});
    // A table each: number the rows of all tables through.
    const rows = table.shape[1];
    const [own] = moveToFront([indices], [indicesMapped], size);
    const merged = table.reshape([size * rows, ...table.shape.slice(2)]);
    return table.apply(GATHER, [merged, rowsOfCases(own, rows)], {});
  },
  lowering: {
    kind: "element",
    element: ({ index: at, read, inputTypes: [table, indices] }) => {
      const places = indices.shape.length;
      const row = clampIndex(read(1, at.slice(0, places)), table.shape[0]);
      return read(0, [row, ...at.slice(places)]);
    },
  },
};

/** What the tests feed {@linkcode GATHER}. */
export function gatherSamples(random: RandomSource): Sample[] {
  return [
    {
      inputs: [
        sampleArray(random, [4, 3]),
        dense({ dtype: "i32", shape: [5] }, [0, 3, 1, 3, 2]),
      ],
      params: {},
    },
    {
      inputs: [
        sampleArray(random, [3]),
        dense({ dtype: "i32", shape: [2, 2] }, [2, -1, 7, 0]),
      ],
      params: {},
    },
    {
      inputs: [sampleArray(random, [2, 2, 2]), dense({ dtype: "i32", shape: [] }, [1])],
      params: {},
    },
  ];
}

/** Parameters of {@linkcode SCATTER_ADD}. */
export interface ScatterParams extends Record<string, unknown> {
  /** Rows of the result. */
  readonly rows: number;
}

/**
 * `scatter_add(indices, updates)`: for `indices` i32[…places] and `updates` […places, …rest], the
 * result is [rows, …rest], each row the sum of the updates at its number.
 */
export const SCATTER_ADD: DifferentiablePrimitive<ScatterParams> = {
  name: "scatter_add",
  isHeavy: true,
  inferTypes([indices, updates], { rows }) {
    const places = indices.shape.length;
    checkCounts(`scatter_add ${formatType(updates)}`, "the number of rows", [rows]);
    if (
      indices.dtype !== "i32" || updates.dtype !== "f32" || rows < 1 ||
      !sameShape(indices.shape, updates.shape.slice(0, places))
    ) {
      throw new TypeError(
        `Cannot scatter_add ${formatType(updates)} at ${formatType(indices)} into ${rows} rows: ` +
          `i32 indices, one f32 update each, and at least 1 row are needed`,
      );
    }
    return [{ dtype: "f32", shape: [rows, ...updates.shape.slice(places)] }];
  },
  evaluate([indices, updates], params) {
    const [type] = SCATTER_ADD.inferTypes([indices.type, updates.type], params);
    const result = dense(type);
    const width = sizeOf(type.shape.slice(1));
    indices.data.forEach((row, i) => {
      const to = nearestRow(row, type.shape[0]) * width;
      for (let j = 0; j < width; j++) result.data[to + j] += updates.data[i * width + j];
    });
    return [result];
  },
  vjp: ({ inputs: [indices], cotangents: [dy] }) =>
    dy ? [undefined, ...dy.apply(GATHER, [dy, indices], {})] : [],
  batchRule: (inputs, mapped, { rows }, size) => {
    const [indices, updates] = moveToFront(inputs, mapped, size);
    const own = rowsOfCases(indices, rows);
    const [sum] = updates.apply(SCATTER_ADD, [own, updates], { rows: size * rows });
    return [sum.reshape([size, rows, ...sum.shape.slice(1)])];
  },
  lowering: { kind: "scatter" },
};

/** What the tests feed {@linkcode SCATTER_ADD}. */
export function scatterAddSamples(random: RandomSource): Sample<ScatterParams>[] {
  return [
    {
      inputs: [dense({ dtype: "i32", shape: [5] }, [0, 3, 1, 3, 9]), sampleArray(random, [5, 3])],
      params: { rows: 4 },
    },
    {
      inputs: [dense({ dtype: "i32", shape: [2, 2] }, [1, 1, 0, 1]), sampleArray(random, [2, 2])],
      params: { rows: 3 },
    },
  ];
}

/** The row a number means in a table of `rows` rows. */
function nearestRow(row: number, rows: number): number {
  return Math.min(Math.max(row, 0), rows - 1);
}

/** Numbers of rows in stacked tables, from numbers in each: [size, …] gains size · rows. */
function rowsOfCases(indices: Tensor, rows: number): Tensor {
  const [counter] = indices.apply(IOTA, [], { dtype: "i32", shape: indices.shape, axis: 0 });
  return counter.mul(rows).add(indices.max(0).min(rows - 1));
}

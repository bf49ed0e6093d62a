/**
 * Shapes: reshape, transpose, broadcast, slice, split, pad, concatenate, stack, reverse, gather.
 *
 * @module
 */
import { checkCounts } from "../../util/check_counts.ts";
import { GATHER, SCATTER_ADD } from "../primitives/gather.ts";
import { numberOf } from "../primitives/creation.ts";
import { broadcastInDim, RESHAPE, REVERSE, TRANSPOSE } from "../primitives/layout.ts";
import { CONCATENATE, PAD, SLICE, SPLIT } from "../primitives/slice.ts";
import type { Tensor } from "../tensor.ts";
import { formatType, sameShape, type Shape, sizeOf } from "../../ir/tensor_type.ts";

/**
 * An axis counted from the front; negative numbers count from the back.
 *
 * @throws {RangeError} If there is no such axis.
 */
export function resolveAxis(axis: number, rank: number): number {
  const resolved = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(axis) || resolved < 0 || resolved >= rank) {
    throw new RangeError(`Cannot use axis ${axis} of a tensor of ${rank} dimensions: no such axis`);
  }
  return resolved;
}

/**
 * Gives the same elements, of any type, in another shape.
 *
 * @param x The tensor.
 * @param shape The shape; one dimension may be −1, which is what is left over.
 * @returns The elements in row-major order in that shape.
 * @throws {TypeError} If the shape has another number of elements.
 *
 * @example Usage
 * ```ts
 * import { expandDims, reshape, tensor } from "@unroll/core";
 * import { deepStrictEqual } from "node:assert/strict";
 *
 * deepStrictEqual(reshape(tensor([1, 2, 3, 4, 5, 6]), [2, -1]).shape, [2, 3]);
 * deepStrictEqual(expandDims(tensor([1, 2]), -1).shape, [2, 1]);
 * ```
 */
export function reshape(x: Tensor, shape: Shape): Tensor {
  const open = shape.indexOf(-1);
  const known = sizeOf(shape.filter((dimension) => dimension !== -1));
  const full = open < 0
    ? shape
    : shape.map((dimension, d) => d === open ? sizeOf(x.shape) / known : dimension);
  if (full.some((dimension) => !Number.isInteger(dimension) || dimension < 0)) {
    throw new TypeError(
      `Cannot reshape ${formatType(x.type)} to [${shape.join(",")}]: ` +
        `whole dimensions and at most one −1 are needed`,
    );
  }
  return sameShape(x.shape, full) ? x : x.apply(RESHAPE, [x], { shape: full })[0];
}

/**
 * Permutes dimensions, of any type.
 *
 * @param x The tensor.
 * @param order Dimension `i` of the result is `order[i]` of `x`; reversed if left out.
 * @returns The tensor of permuted dimensions.
 * @throws {RangeError} If there is no such axis.
 * @throws {TypeError} If the order is no permutation.
 *
 * @example Usage
 * ```ts
 * import { reverse, tensor, transpose } from "@unroll/core";
 * import { deepStrictEqual } from "node:assert/strict";
 *
 * deepStrictEqual([...await transpose(tensor([[1, 2], [3, 4]])).data()], [1, 3, 2, 4]);
 * deepStrictEqual([...await reverse(tensor([1, 2, 3]), 0).data()], [3, 2, 1]);
 * ```
 */
export function transpose(x: Tensor, order?: readonly number[]): Tensor {
  const full = (order ?? x.shape.map((_, d) => x.rank - 1 - d)).map((axis) =>
    resolveAxis(axis, x.rank)
  );
  const same = full.length === x.rank && full.every((axis, i) => axis === i);
  return same ? x : x.apply(TRANSPOSE, [x], { order: full })[0];
}

/**
 * Repeats a tensor, of any type, to a shape, by NumPy's rule: dimensions are matched from the last,
 * and one of size 1 is repeated.
 *
 * @param x The tensor.
 * @param shape The shape.
 * @returns The tensor of that shape.
 * @throws {TypeError} If a dimension is neither equal nor 1.
 *
 * @example Usage
 * ```ts
 * import { broadcastTo, tensor } from "@unroll/core";
 * import { deepStrictEqual } from "node:assert/strict";
 *
 * deepStrictEqual([...await broadcastTo(tensor([1, 2]), [2, 2]).data()], [1, 2, 1, 2]);
 * ```
 */
export function broadcastTo(x: Tensor, shape: Shape): Tensor {
  if (sameShape(x.shape, shape)) return x;
  const lead = shape.length - x.rank;
  const fits = lead >= 0 && x.shape.every((size, d) => size === 1 || size === shape[lead + d]);
  if (!fits) {
    throw new TypeError(
      `Cannot broadcast ${formatType(x.type)} to [${shape.join(",")}]: ` +
        `each dimension, from the last, must be equal or 1`,
    );
  }
  const kept = x.shape.flatMap((size, d) => size === shape[lead + d] ? [d] : []);
  const squeezed = reshape(x, kept.map((d) => x.shape[d]));
  return broadcastInDim(squeezed, shape, kept.map((d) => lead + d));
}

/**
 * Takes part of one axis, of any type.
 *
 * @param x The tensor.
 * @param axis The axis; negative ones count from the back.
 * @param start The first position; negative ones count from the back.
 * @param end The position after the last; negative ones count from the back.
 * @returns The part; its size along the axis is `end − start`.
 * @throws {RangeError} If there is no such axis, or a position is not a whole number.
 * @throws {TypeError} If there is no such part.
 *
 * @example Usage
 * ```ts
 * import { slice, tensor } from "@unroll/core";
 * import { deepStrictEqual } from "node:assert/strict";
 *
 * deepStrictEqual([...await slice(tensor([1, 2, 3, 4]), 0, 1, -1).data()], [2, 3]);
 * ```
 */
export function slice(x: Tensor, axis: number, start: number, end: number): Tensor {
  const along = resolveAxis(axis, x.rank);
  const size = x.shape[along];
  const from = start < 0 ? start + size : start;
  const to = end < 0 ? end + size : end;
  return from === 0 && to === size
    ? x
    : x.apply(SLICE, [x], { axis: along, start: from, end: to })[0];
}

/** Of an axis of no elements there are as many parts as one likes, but each is a tensor. */
const MAX_EMPTY_PARTS = 2 ** 16;

/**
 * Cuts an axis into parts, of any type.
 *
 * @param x The tensor.
 * @param parts A number of equal parts, or the sizes of the parts.
 * @param axis The axis; negative ones count from the back.
 * @returns The parts, in order.
 * @throws {RangeError} If there is no such axis, the number of parts is not a whole one, or an axis of no
 * elements is to have more than 65,536.
 * @throws {TypeError} If the parts do not make up the axis.
 *
 * @example Usage
 * ```ts
 * import { split, tensor } from "@unroll/core";
 * import { deepStrictEqual } from "node:assert/strict";
 *
 * const [first, rest] = split(tensor([1, 2, 3]), [1, 2]);
 * deepStrictEqual([await first.item(), ...await rest.data()], [1, 2, 3]);
 * ```
 */
export function split(x: Tensor, parts: number | readonly number[], axis = -1): Tensor[] {
  const along = resolveAxis(axis, x.rank);
  const size = x.shape[along];
  if (typeof parts === "number") {
    const action = `split ${formatType(x.type)} along axis ${along}`;
    checkCounts(action, "the number of parts", [parts]);
    if (size === 0 && parts > MAX_EMPTY_PARTS) {
      throw new RangeError(
        `Cannot ${action}: at most ${MAX_EMPTY_PARTS} empty parts are possible, found ${parts}`,
      );
    }
  }
  if (typeof parts === "number" && size % parts !== 0) {
    throw new TypeError(
      `Cannot split ${
        formatType(x.type)
      } along axis ${along} into ${parts} equal parts: ${size} is not a multiple`,
    );
  }
  const sizes = typeof parts === "number" ? new Array<number>(parts).fill(size / parts) : parts;
  return x.apply(SPLIT, [x], { axis: along, sizes });
}

/**
 * Grows an axis by copies of a value, of any type. An example stands at {@linkcode concatenate}.
 *
 * @param x The tensor.
 * @param axis The axis; negative ones count from the back.
 * @param widths How many before and after, 0 if left out, and the value, also 0.
 * @returns The tensor, larger along the axis.
 * @throws {RangeError} If there is no such axis, a width is not a whole number of 0 or more, or the value not
 * one of the type.
 */
export function pad(
  x: Tensor,
  axis: number,
  widths: { readonly before?: number; readonly after?: number; readonly value?: number },
): Tensor {
  const { before = 0, after = 0, value = 0 } = widths;
  const along = resolveAxis(axis, x.rank);
  if (before === 0 && after === 0) return x;
  const number = numberOf(value, x.type.dtype);
  return x.apply(PAD, [x], { axis: along, before, after, value: number })[0];
}

/**
 * Puts tensors of one type, and of one shape but for the axis, one after the other along it.
 *
 * @param tensors The tensors, at least one.
 * @param axis The axis; negative ones count from the back.
 * @returns One tensor, whose size along the axis is the sum of theirs.
 * @throws {TypeError} If there are none, or their types or shapes differ.
 * @throws {RangeError} If there is no such axis.
 *
 * @example Usage
 * ```ts
 * import { concatenate, pad, stack, tensor } from "@unroll/core";
 * import { deepStrictEqual } from "node:assert/strict";
 *
 * deepStrictEqual([...await concatenate([tensor([1, 2]), tensor([3])]).data()], [1, 2, 3]);
 * deepStrictEqual([...await stack([tensor([1, 2]), tensor([3, 4])], 1).data()], [1, 3, 2, 4]);
 * deepStrictEqual([...await pad(tensor([1, 2]), 0, { before: 1, value: 9 }).data()], [9, 1, 2]);
 * ```
 */
export function concatenate(tensors: readonly Tensor[], axis = 0): Tensor {
  if (tensors.length === 0) {
    throw new TypeError("Cannot concatenate no tensors: at least 1 is needed");
  }
  const [first] = tensors;
  const along = resolveAxis(axis, first.rank);
  return tensors.length === 1 ? first : first.apply(CONCATENATE, tensors, { axis: along })[0];
}

/**
 * Puts tensors of one type and shape side by side along a new axis.
 * An example stands at {@linkcode concatenate}.
 *
 * @param tensors The tensors, at least one.
 * @param axis Where the new axis is.
 * @returns One tensor of one dimension more.
 * @throws {TypeError} If there are none, or their types differ.
 * @throws {RangeError} If there can be no such axis.
 */
export function stack(tensors: readonly Tensor[], axis = 0): Tensor {
  return concatenate(tensors.map((x) => expandDims(x, axis)), axis);
}

/**
 * Adds a dimension of size 1. An example stands at {@linkcode reshape}.
 *
 * @param x The tensor, of any type.
 * @param axis Where the new dimension is; negative ones count from the back.
 * @returns The same elements with one dimension more.
 * @throws {RangeError} If there can be no such axis.
 */
export function expandDims(x: Tensor, axis: number): Tensor {
  const at = resolveAxis(axis, x.rank + 1);
  return reshape(x, [...x.shape.slice(0, at), 1, ...x.shape.slice(at)]);
}

/**
 * Turns the order along an axis around, of any type. An example stands at {@linkcode transpose}.
 *
 * @param x The tensor.
 * @param axis The axis; negative ones count from the back.
 * @returns A tensor of the same type.
 * @throws {RangeError} If there is no such axis.
 */
export function reverse(x: Tensor, axis: number): Tensor {
  return x.apply(REVERSE, [x], { axes: [resolveAxis(axis, x.rank)] })[0];
}

/**
 * Picks rows of a table by their numbers; a number outside means the nearest row.
 *
 * @param table [rows, …rest], of any type.
 * @param indices i32[…places]
 * @returns […places, …rest]
 * @throws {TypeError} If the table has no rows or the indices are not i32.
 *
 * @example Usage
 * ```ts
 * import { gather, tensor } from "@unroll/core";
 * import { deepStrictEqual } from "node:assert/strict";
 *
 * const rows = gather(tensor([[1, 2], [3, 4]]), tensor([1, 0, 1], { dtype: "i32" }));
 * deepStrictEqual([...await rows.data()], [3, 4, 1, 2, 3, 4]);
 * ```
 */
export function gather(table: Tensor, indices: Tensor): Tensor {
  return table.apply(GATHER, [table, indices], {})[0];
}

/**
 * Adds rows into a table of zeros at given places: what {@linkcode gather} does, turned around.
 *
 * However many rows are added at one place, the CPU is off by at most 2⁻²² of the sum of their absolute values
 * (it compensates rounding; up to 64 rows are added as they are, with an error of at most 2⁻¹⁸). WebGPU adds
 * them up as sums do. The gradient of {@linkcode gather}, so of embeddings too, is such a sum.
 *
 * @param indices i32[…places]; a number outside means the nearest row.
 * @param updates f32[…places, …rest]
 * @param rows Rows of the table.
 * @returns f32[rows, …rest]
 * @throws {TypeError} If types or places do not fit.
 *
 * @example Usage
 * ```ts
 * import { scatterAdd, tensor } from "@unroll/core";
 * import { deepStrictEqual } from "node:assert/strict";
 *
 * const sums = scatterAdd(tensor([1, 1], { dtype: "i32" }), tensor([2, 3]), 2);
 * deepStrictEqual([...await sums.data()], [0, 5]);
 * ```
 */
export function scatterAdd(indices: Tensor, updates: Tensor, rows: number): Tensor {
  return updates.apply(SCATTER_ADD, [indices, updates], { rows })[0];
}

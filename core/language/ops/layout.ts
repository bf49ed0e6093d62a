/**
 * Shapes: reshape, transpose, broadcast, slice, split, pad, concatenate, stack, reverse, gather.
 *
 * @module
 */
import { checkCounts } from "../../util/check_counts.ts";
import { GATHER, SCATTER_ADD } from "../primitives/gather.ts";
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

/** The same elements in another shape; one dimension may be −1. */
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

/** Permutes dimensions: dimension `i` of the result is `order[i]` of `x`; by default reversed. */
export function transpose(x: Tensor, order?: readonly number[]): Tensor {
  const full = (order ?? x.shape.map((_, d) => x.rank - 1 - d)).map((axis) =>
    resolveAxis(axis, x.rank)
  );
  const same = full.length === x.rank && full.every((axis, i) => axis === i);
  return same ? x : x.apply(TRANSPOSE, [x], { order: full })[0];
}

/**
 * Repeats a tensor to a shape, by NumPy's rule: dimensions are matched from the last, and one of
 * size 1 is repeated.
 *
 * @throws {TypeError} If a dimension is neither equal nor 1.
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

/** Part of one axis, from `start` to before `end`; negative positions count from the back. */
export function slice(x: Tensor, axis: number, start: number, end: number): Tensor {
  const along = resolveAxis(axis, x.rank);
  const size = x.shape[along];
  const from = start < 0 ? start + size : start;
  const to = end < 0 ? end + size : end;
  return from === 0 && to === size
    ? x
    : x.apply(SLICE, [x], { axis: along, start: from, end: to })[0];
}

/** Cuts an axis into equal parts (a number) or parts of given sizes. */
export function split(x: Tensor, parts: number | readonly number[], axis = -1): Tensor[] {
  const along = resolveAxis(axis, x.rank);
  const size = x.shape[along];
  if (typeof parts === "number") {
    checkCounts(`split ${formatType(x.type)} along axis ${along}`, "the number of parts", [parts]);
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

/** Grows an axis by `before` and `after` copies of a value. */
export function pad(
  x: Tensor,
  axis: number,
  widths: { readonly before?: number; readonly after?: number; readonly value?: number },
): Tensor {
  const { before = 0, after = 0, value = 0 } = widths;
  if (before === 0 && after === 0) return x;
  return x.apply(PAD, [x], { axis: resolveAxis(axis, x.rank), before, after, value })[0];
}

/** Puts tensors one after the other along an axis. */
export function concatenate(tensors: readonly Tensor[], axis = 0): Tensor {
  if (tensors.length === 0) {
    throw new TypeError("Cannot concatenate no tensors: at least 1 is needed");
  }
  if (tensors.length === 1) return tensors[0];
  const [first] = tensors;
  return first.apply(CONCATENATE, tensors, { axis: resolveAxis(axis, first.rank) })[0];
}

/** Puts tensors of one shape side by side along a new axis. */
export function stack(tensors: readonly Tensor[], axis = 0): Tensor {
  return concatenate(tensors.map((x) => expandDims(x, axis)), axis);
}

/** Adds a dimension of size 1. */
export function expandDims(x: Tensor, axis: number): Tensor {
  const at = resolveAxis(axis, x.rank + 1);
  return reshape(x, [...x.shape.slice(0, at), 1, ...x.shape.slice(at)]);
}

/** Turns the order along an axis around. */
export function reverse(x: Tensor, axis: number): Tensor {
  return x.apply(REVERSE, [x], { axes: [resolveAxis(axis, x.rank)] })[0];
}

/**
 * Rows of a table by their numbers; a number outside means the nearest row.
 *
 * @param table [rows, …rest]
 * @param indices i32[…places]
 * @returns […places, …rest]
 */
export function gather(table: Tensor, indices: Tensor): Tensor {
  return table.apply(GATHER, [table, indices], {})[0];
}

/** Adds `updates` […places, …rest] into a table of zeros [rows, …rest] at `indices` i32[…places]. */
export function scatterAdd(indices: Tensor, updates: Tensor, rows: number): Tensor {
  return updates.apply(SCATTER_ADD, [indices, updates], { rows })[0];
}
